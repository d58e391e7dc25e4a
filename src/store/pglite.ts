import { PGlite, types } from '@electric-sql/pglite'
import type { Contract } from '../contract/define.ts'
import { type Driver, databaseOnQuery, type OpenedDriver } from './database.ts'
import { createFolder, withFolderErrors } from './folder.ts'
import { FolderLostError, lockFolder } from './lock.ts'
import { migrate } from './migrations.ts'

/**
 * Opens the embedded database in a folder for a contract. It creates the folder if necessary, and migrates
 * the database to this version.
 * @throws ConfigError if the folder cannot be created or written to; DatabaseError if a running process has
 * locked the folder, or if another version or definition made the database
 */
export async function openPglite(folder: string, contract: Contract): Promise<OpenedDriver> {
  const lock = await withFolderErrors(folder, async () => {
    await createFolder(folder)
    return lockFolder(folder)
  })
  let pg: PGlite | undefined

  function queryOf(connection: Pick<PGlite, 'query'>): Driver['query'] {
    return async (text, params, { arrays }) => {
      if (!lock.isHeld()) throw new FolderLostError(folder)
      return (await connection.query(text, params, { rowMode: arrays ? 'array' : 'object' })).rows
    }
  }
  async function close(): Promise<void> {
    // Closing writes to the folder, which only the holder of the lock may do.
    if (lock.isHeld()) await pg?.close()
    await lock.release()
  }
  try {
    // JSON is not parsed: its text is sent to clients exactly as it was stored.
    const opened = await PGlite.create(`${folder}/pglite`, { parsers: { [types.JSON]: (text) => text } })
    pg = opened
    const migrated = await opened.transaction((tx) => migrate(databaseOnQuery(queryOf(tx)), contract))
    return {
      migrated,
      query: queryOf(opened),
      async listen(onMessage, onReady) {
        // The channel of the schema public (notifications.ts).
        await opened.listen('jobcast_public', onMessage)
        onReady()
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
