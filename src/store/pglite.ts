import { PGlite, types } from '@electric-sql/pglite'
import type { Contract } from '../contract/define.ts'
import { createDatabase, type Driver, type OpenedDriver } from './database.ts'
import { claimDefinition } from './definition.ts'
import { createFolder, reportingUnusable } from './folder.ts'
import { type FolderLock, FolderLostError, lockFolder } from './lock.ts'
import { applyMigrations } from './migrations.ts'

/**
 * Opens the embedded database in a folder for a contract. It creates the folder if necessary, and migrates
 * the database to this version.
 * @throws ConfigError if the folder cannot be created or written to; DatabaseError if a running process has
 * locked the folder, or if another version or definition made the database
 */
export async function openPglite(folder: string, contract: Contract): Promise<OpenedDriver> {
  const lock = await reportingUnusable(folder, async () => {
    await createFolder(folder)
    return lockFolder(folder)
  })
  let pg: PGlite | undefined
  try {
    // JSON is not parsed: its text is sent to clients exactly as it was stored.
    pg = await PGlite.create(`${folder}/pglite`, { parsers: { [types.JSON]: (text) => text } })
    const migrated = await pg.transaction((tx) =>
      applyMigrations(async (text, params) => (await tx.query<Record<string, unknown>>(text, params)).rows),
    )
    const driver = driverOf(pg, folder, lock)
    await claimDefinition(createDatabase(driver), contract)
    return { ...driver, migrated }
  } catch (error) {
    await pg?.close()
    await lock.release()
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
      // The channel of the schema public (notifications.ts).
      await pg.listen('jobcast_public', onMessage)
      onReady()
    },
    async close() {
      // Closing writes to the folder, which only the holder of the lock may do.
      if (lock.isHeld()) await pg.close()
      await lock.release()
    },
  }
}
