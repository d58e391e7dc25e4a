import { PGlite, types } from '@electric-sql/pglite'
import type { Contract } from '../contract/define.ts'
import { channelOf, createDatabase, type Driver } from './database.ts'
import { claimDefinition } from './definition.ts'
import { createFolder, reportingUnusable } from './folder.ts'
import { type FolderLock, FolderLostError, lockFolder } from './lock.ts'
import { applyMigrations, mustMigrate } from './migrations.ts'

/**
 * Opens the embedded database in a folder for a contract. It creates the folder if necessary, and migrates the database to
 * this version.
 * @throws ConfigError if the folder cannot be created or written to, DatabaseError if a running process has locked it, or if
 * the database is of another version or definition
 */
export async function openPglite(folder: string, contract: Contract): Promise<Driver> {
  const lock = await reportingUnusable(folder, async () => {
    await createFolder(folder)
    return lockFolder(folder)
  })
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
