import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PGlite, types } from '@electric-sql/pglite'
import { ConfigError } from '../config.ts'
import type { Contract } from '../contract/define.ts'
import { channelOf, createDatabase, type Driver } from './database.ts'
import { claimDefinition } from './definition.ts'
import { type FolderLock, FolderLostError, lockFolder } from './lock.ts'
import { migrate, mustMigrate } from './migrations.ts'

/**
 * Opens the embedded database in a folder for a contract. The folder is made if missing, the database migrated to this version.
 * @throws ConfigError if the folder cannot be made or written to, DatabaseError if a living process holds it, or if another
 * version or definition made the database
 */
export async function openPglite(folder: string, contract: Contract): Promise<Driver> {
  const lock = await prepareFolder(folder)
  let pg: PGlite | undefined
  try {
    pg = await openMigrated(`${folder}/pglite`)
    const driver = driverOf(pg, folder, lock)
    await claimDefinition(createDatabase(driver), contract)
    return driver
  } catch (error) {
    await pg?.close()
    await lock.release()
    throw error
  }
}

/** Makes a folder, if it is missing, and locks it. */
async function prepareFolder(folder: string): Promise<FolderLock> {
  try {
    await makeFolder(folder)
    return await lockFolder(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw new ConfigError(`DATA_DIR is "${folder}", which cannot be used: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Makes a folder and its parents. mkdir's own `recursive` never returns in /proc. */
async function makeFolder(folder: string): Promise<void> {
  const parent = dirname(folder)
  if (parent !== folder && !existsSync(parent)) await makeFolder(parent)
  try {
    await mkdir(folder)
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    if (!exists || !(await stat(folder)).isDirectory()) throw error
  }
}

async function openMigrated(folder: string): Promise<PGlite> {
  // JSON stays the text it is: it is stored as it was sent, and sent as it was stored.
  const pg = await PGlite.create(folder, { parsers: { [types.JSON]: (text) => text } })
  try {
    await pg.transaction(async (tx) => {
      const run = async (text: string, params?: unknown[]) =>
        (await tx.query<Record<string, unknown>>(text, params)).rows
      if (await mustMigrate(run)) await migrate(run)
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
      // Closing writes.
      if (lock.isHeld()) await pg.close()
      await lock.release()
    },
  }
}
