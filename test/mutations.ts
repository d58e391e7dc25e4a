import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { tempDir } from './helpers/tempDir.ts'
import { mutations } from './model/mutationList.ts'
import { mutate } from './model/mutations.ts'

/**
 * `npm run mutations`: inserts one fault at a time into a copy of the code. Prints the invariant that the
 * model finds broken, and after how many schedules. Fails if the model does not notice a fault.
 */
const { values } = parseArgs({
  options: {
    /** only mutations whose name contains this */
    only: { type: 'string', default: '' },
    count: { type: 'string', default: '4000' },
    seed: { type: 'string', default: '1' },
  },
})

const root = fileURLToPath(new URL('..', import.meta.url))
const copy = await tempDir()
for (const name of ['src', 'abi', 'test', 'drizzle', 'package.json', 'tsconfig.json'])
  cpSync(join(root, name), join(copy.path, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(copy.path, 'node_modules'))

const soak = [
  ...['--import', import.meta.resolve('tsx'), join(copy.path, 'test/soak.ts')],
  ...['--json', '--count', values.count, '--seed', values.seed],
]
const survived: string[] = []
console.log('| mutation | invariant, constraint or error that reveals it | schedules |\n|---|---|---|')
for (const mutation of mutations.filter(({ name }) => name.includes(values.only))) {
  const { name, file } = mutation
  const path = join(copy.path, file)
  const original = readFileSync(path, 'utf8')
  writeFileSync(path, mutate(original, mutation))
  const run = spawnSync(process.execPath, soak, { encoding: 'utf8', cwd: copy.path, timeout: 600_000 })
  writeFileSync(path, original)
  const line = run.stdout.trim().split('\n').at(-1) ?? ''
  if (!line.startsWith('{')) throw new Error(`"${name}": the model did not run: ${run.stderr}`)
  const { schedules, failed } = JSON.parse(line)
  if (!failed) survived.push(name)
  console.log(`| ${name} | ${failed ? invariantOf(failed) : '**survived**'} | ${schedules} |`)
}
await copy.remove()
if (survived.length > 0) throw new Error(`the model did not notice: ${survived.join('; ')}`)

/** The invariant that was broken, or the error of a statement that the database refused. */
function invariantOf({ invariant, message }: { invariant: string; message: string }): string {
  return (invariant.endsWith('Error') ? message : invariant).slice(0, 100)
}
