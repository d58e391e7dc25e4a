import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError } from '../config.ts'
import { codeOf } from '../errors.ts'

/**
 * Runs `work`, which uses the folder of the embedded database.
 * @throws ConfigError in place of an error of the file system
 */
export async function withFolderErrors<T>(folder: string, work: () => Promise<T>): Promise<T> {
  return work().catch((error) => {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new ConfigError(
      `DATA_DIR is "${folder}", which cannot be used: ${error.message}. Set DATA_DIR to a folder that this user can write to.`,
      {
        cause: error,
      },
    )
  })
}

/** Creates a folder and its parents, if necessary. The `recursive` option of mkdir never returns in /proc. */
export async function createFolder(folder: string): Promise<void> {
  const parent = dirname(folder)
  if (parent !== folder && !existsSync(parent)) await createFolder(parent)
  try {
    await mkdir(folder)
  } catch (error) {
    const exists = codeOf(error) === 'EEXIST'
    if (!exists || !(await stat(folder)).isDirectory()) throw error
  }
}
