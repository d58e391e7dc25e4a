import { execFile } from 'node:child_process'
import { cp, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { tempDir } from '../helpers/tempDir.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** Packs a package as `npm publish` would, from its existing build. @returns the path of the tarball */
export async function pack(folder: string, destination: string): Promise<string> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination]
  const { stdout } = await run('npm', args, { cwd: join(root, folder) })
  return join(destination, JSON.parse(stdout)[0].filename)
}

/**
 * Creates a project and installs `jobcast-client` in it. npm is offline, and the client's one dependency is a
 * tarball too, so the installation would fail if the client needed another package.
 */
export async function installedClient(): ReturnType<typeof tempDir> {
  const dir = await tempDir()
  await writeFile(join(dir.path, 'package.json'), '{ "name": "fresh", "private": true, "type": "module" }')
  const tarballs = await Promise.all(
    ['client', 'node_modules/eventsource-parser'].map((folder) => pack(folder, dir.path)),
  )
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], { cwd: dir.path })
  return dir
}

/** Like {@link installedClient}, with the examples and `eventsource`, which one of them needs. */
export async function installedExamples(): ReturnType<typeof tempDir> {
  const dir = await installedClient()
  await symlink(join(root, 'node_modules/eventsource'), join(dir.path, 'node_modules/eventsource'))
  await cp(join(root, 'examples'), join(dir.path, 'examples'), { recursive: true })
  return dir
}
