import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installedClient } from './installed.ts'

const run = promisify(execFile)
const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
const readme = readFileSync(new URL('../../client/README.md', import.meta.url), 'utf8')

let dir: Awaited<ReturnType<typeof installedClient>>
beforeAll(async () => {
  dir = await installedClient()
})
afterAll(() => dir?.remove())

test('an installation is the client and eventsource-parser, and nothing else', async () => {
  const { stdout } = await run('npm', ['ls', '--all', '--json'], { cwd: dir.path })
  const { dependencies } = JSON.parse(stdout)
  expect(Object.keys(dependencies).sort()).toEqual(['eventsource-parser', 'jobcast-client'])
  const installed = await readdir(join(dir.path, 'node_modules'))
  expect(installed.filter((name) => !name.startsWith('.')).sort()).toEqual([
    'eventsource-parser',
    'jobcast-client',
  ])
  const folder = join(dir.path, 'node_modules/jobcast-client')
  expect((await readdir(folder)).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json'])
})

/** Right uses, and wrong ones. If the types were lost, the wrong ones would compile, which tsc reports. */
const USES = `
import { type Job, follow, jobKey, units } from 'jobcast-client'
export const budget: bigint = units('1.5')
export const key = (job: Job): string => jobKey(job)
for await (const event of follow('http://localhost:3000')) {
  // @ts-expect-error: a ping has no job
  if (event.type === 'ping') console.log(event.data.jobId)
  // @ts-expect-error: ids are strings
  if (event.type === 'job_created') event.data.jobId satisfies number
}
// @ts-expect-error: an order is asc or desc
follow('http://localhost:3000', { order: 'newest' })
`

test.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])(
  "its README's code compiles and its types hold in a strict project: module %s, resolution %s",
  async (module, resolution) => {
    const examples = [...readme.matchAll(/```ts\n([^`]+)```/g)].map(([, code]) => code as string)
    expect(examples.length).toBeGreaterThanOrEqual(5)
    const sources = [...examples, USES].map((code, i) => ({ name: `${module}${i}.ts`, code }))
    for (const { name, code } of sources) await writeFile(join(dir.path, name), code)
    const compilerOptions = {
      ...{ module, moduleResolution: resolution, target: 'es2023', lib: ['es2023', 'dom', 'dom.iterable'] },
      ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, types: [], noEmit: true },
    }
    const project = join(dir.path, `tsconfig.${module}.json`)
    await writeFile(project, JSON.stringify({ compilerOptions, files: sources.map(({ name }) => name) }))
    const { stdout } = await run(process.execPath, [tsc, '-p', project], { cwd: dir.path }).catch(
      (error) => error,
    )
    expect(stdout).toBe('')
  },
)
