import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { inject, onTestFinished } from 'vitest'
import { tempDir } from './tempDir.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** the folder that {@link createTemplate} made */
    dataDirTemplate: string
  }
}

type TempDir = Awaited<ReturnType<typeof tempDir>>

/** Creates a DATA_DIR whose embedded database has no tables yet. */
export async function createTemplate(): Promise<TempDir> {
  const dir = await tempDir()
  const pg = await PGlite.create(join(dir.path, 'pglite'))
  await pg.close()
  return dir
}

/**
 * Creates a DATA_DIR as a copy of the template: to initialize a database takes PGlite seconds of CPU time, a
 * copy does not.
 */
export async function createDataDir(): Promise<TempDir> {
  const dir = await tempDir()
  await cp(inject('dataDirTemplate'), dir.path, { recursive: true })
  return dir
}

/** Creates a DATA_DIR for one test, and resolves with its path. It is removed when the test ends. */
export async function createTestDataDir(): Promise<string> {
  const { path, remove } = await createDataDir()
  onTestFinished(remove)
  return path
}
