import { cp, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tempDir } from '../helpers/tempDir.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A folder as after `npm install jobcast`, with this checkout's build as the package, and the examples. */
export async function installedPackage(): ReturnType<typeof tempDir> {
  const dir = await tempDir()
  const modules = join(dir.path, 'node_modules')
  await mkdir(join(modules, 'jobcast'), { recursive: true })
  await cp(join(root, 'dist'), join(modules, 'jobcast/dist'), { recursive: true })
  await cp(join(root, 'package.json'), join(modules, 'jobcast/package.json'))
  for (const name of ['eventsource', 'eventsource-parser'])
    await symlink(join(root, 'node_modules', name), join(modules, name))
  await cp(join(root, 'examples'), join(dir.path, 'examples'), { recursive: true })
  return dir
}
