import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { pack } from './client/installed.ts'
import { type Server, startServer } from './client/server.ts'
import { tempDir } from './helpers/tempDir.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

/** Unpacks the server's tarball and links only the dependencies that it declares. */
async function installedServer(): Promise<string> {
  const dir = await tempDir()
  onTestFinished(() => dir.remove())
  await run('tar', ['-xzf', await pack('.', dir.path), '-C', dir.path])
  const folder = join(dir.path, 'package')
  const { dependencies } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    const link = join(folder, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(root, 'node_modules', name), link)
  }
  return folder
}

test('jobcast tail works from the published tarball', async () => {
  const [folder, server] = await Promise.all([installedServer(), startServer()])
  onTestFinished(() => (server as Server).close())
  const { jobId } = await server.chain.createJob()
  const child = execFile(process.execPath, [
    join(folder, 'dist/src/cli/main.js'),
    ...['tail', server.url, '--since', 'all'],
  ])
  onTestFinished(() => void child.kill())
  let errors = ''
  child.stderr?.on('data', (text) => {
    errors += text
  })
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', resolve)
    child.once('exit', () => reject(new Error(errors)))
  })
  expect(JSON.parse(line)).toMatchObject({ type: 'job_created', data: { jobId } })
})

test('jobcast devnet says in one line what to install if anvil is missing', async () => {
  const main = join(await installedServer(), 'dist/src/cli/main.js')
  await expect(run(process.execPath, [main, 'devnet'])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^A devnet needs anvil, .* Run: npm install @foundry-rs\/anvil\n$/),
  })
})
