import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PGlite, types } from '@electric-sql/pglite'
import { ConfigError } from '../config.ts'
import type { Contract } from '../contract/define.ts'
import { codeOf } from '../errors.ts'
import { channelOf, createDatabase, type Driver } from './database.ts'
import { claimDefinition } from './definition.ts'
import { type FolderLock, FolderLostError, lockFolder } from './lock.ts'
import { applyMigrations, mustMigrate } from './migrations.ts'

/**
 * Opens the embedded database in a folder for a contract. It creates the folder if necessary, and migrates the database to
 * this version.
 * @throws ConfigError if the folder cannot be created or written to, DatabaseError if a running process has locked it, or if
 * the database is of another version or definition
 */
export async function openPglite(folder: string, contract: Contract): Promise<Driver> {
  const lock = await prepareFolder(folder)
  let pg: PGlite | undefined
  try {
    pg = await openFiles(`${folder}/pglite`)
    const driver = driverOf(pg, folder, lock)
    await claimDefinition(createDatabase(driver), contract)
    return driver
  } catch (error) {
    await pg?.close()
    await lock.release()
    throw error
  }
}

/** Creates a folder if necessary, and locks it. */
async function prepareFolder(folder: string): Promise<FolderLock> {
  try {
    await createFolder(folder)
    return await lockFolder(folder)
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new ConfigError(`DATA_DIR is "${folder}", which cannot be used: ${error.message}`, {
      cause: error,
    })
  }
}

/** Creates a folder and its parents. The `recursive` option of mkdir never returns in /proc. */
async function createFolder(folder: string): Promise<void> {
  const parent = dirname(folder)
  if (parent !== folder && !existsSync(parent)) await createFolder(parent)
  try {
    await mkdir(folder)
  } catch (error) {
    const exists = codeOf(error) === 'EEXIST'
    if (!exists || !(await stat(folder)).isDirectory()) throw error
  }
}

async function openFiles(folder: string): Promise<PGlite> {
  // JSON is not parsed: its text is sent to clients exactly as it was stored.
  const pg = await PGlite.create(folder, { parsers: { [types.JSON]: (text) => text } })
  try {
    await pg.transaction(async (tx) => {
      const run = async (text: string, params?: unknown[]) =>
        (await tx.query<Record<string, unknown>>(text, params)).rows
      if (await mustMigrate(run)) await applyMigrations(run)
    })
    return pg
  } catch (error) {
    await pg.close()
    throw error
  }
}

function driverOf(pg: PGlite, folder: string, lock: FolderLock): Driver {
  return {
    async query(text, params, { arrays }) {
      if (!lock.isHeld()) throw new FolderLostError(folder)
      return (await pg.query(text, params, { rowMode: arrays ? 'array' : 'object' })).rows
    },
    async listen(onMessage, onReady) {
      await pg.listen(channelOf('public'), onMessage)
      onReady()
    },
    async close() {
      // Closing writes to the folder.
      if (lock.isHeld()) await pg.close()
      await lock.release()
    },
  }
}
