import { mkdir } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { compile, type Database, type Row } from './database.ts'
import { lockFolder } from './lock.ts'
import { migrationsFolder, mustMigrate } from './migrations.ts'

/**
 * Opens the embedded database in a folder, made if missing, and takes it forward to this version.
 * @throws DatabaseError where a living process holds the folder, or a newer version made it
 */
export async function openPglite(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true })
  const unlock = await lockFolder(folder)
  try {
    const pg = await PGlite.create(`${folder}/pglite`)
    if (mustMigrate(await lastApplied(pg))) await migrate(drizzle(pg), { migrationsFolder })
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

async function lastApplied(pg: PGlite): Promise<number> {
  const table = await pg.query<{ name: string | null }>(
    "select to_regclass('drizzle.__drizzle_migrations')::text as name",
  )
  if (!table.rows[0]?.name) return 0
  const last = await pg.query<{ at: string | null }>(
    'select max(created_at)::text as at from drizzle.__drizzle_migrations',
  )
  return Number(last.rows[0]?.at ?? 0)
}
