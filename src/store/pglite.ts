import { mkdir } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { compile, type Database, type Row } from './database.ts'
import { lockFolder } from './lock.ts'
import { migrationsFolder, refuseNewer } from './migrations.ts'

/**
 * Opens the embedded database in a folder, made if missing, and takes it forward to this version.
 * @throws DatabaseError where a living process holds the folder, or a newer version made it
 */
export async function openPglite(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true })
  const unlock = await lockFolder(folder)
  try {
    const pg = await PGlite.create(`${folder}/pglite`)
    const {
      rows: [table],
    } = await pg.query<{ name: string | null }>(
      "select to_regclass('drizzle.__drizzle_migrations')::text as name",
    )
    if (table?.name) {
      const {
        rows: [last],
      } = await pg.query<{ at: string }>(
        'select max(created_at)::text as at from drizzle.__drizzle_migrations',
      )
      refuseNewer(Number(last?.at ?? 0))
    }
    await migrate(drizzle(pg), { migrationsFolder })
    return {
      async rows(query) {
        const { text, params } = compile(query)
        return (await pg.query<Row>(text, params)).rows
      },
      async listen(channel, onMessage, onReady) {
        await pg.listen(channel, onMessage)
        onReady()
      },
      async close() {
        await pg.close()
        await unlock()
      },
    }
  } catch (error) {
    await unlock()
    throw error
  }
}
