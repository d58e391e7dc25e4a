import { execFile } from 'node:child_process'
import { cp, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { tempDir } from '../helpers/tempDir.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A folder as after `npm install jobcast`, with this checkout's build as the package, and the examples. */
export async function installedPackage(): ReturnType<typeof tempDir> {
  const dir = await tempDir()
  const modules = join(dir.path, 'node_modules')
  await mkdir(join(modules, 'jobcast'), { recursive: true })
  const build = ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(modules, 'jobcast/dist')]
  await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), build).catch((error) => {
    throw new Error(`the build fails:\n${error.stdout}`)
  })
  await cp(join(root, 'package.json'), join(modules, 'jobcast/package.json'))
  for (const name of ['eventsource', 'eventsource-parser'])
    await symlink(join(root, 'node_modules', name), join(modules, name))
  await cp(join(root, 'examples'), join(dir.path, 'examples'), { recursive: true })
  return dir
}
