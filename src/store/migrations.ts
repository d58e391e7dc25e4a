import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { DatabaseError } from './database.ts'

/** Found through the package's own import map, so that it is the same from `src/` and from `dist/`. */
export const migrationsFolder = fileURLToPath(
  new URL('.', import.meta.resolve('#root/drizzle/0000_tables.sql')),
)

/**
 * Refuses a database whose last migration this program does not know.
 * @param lastApplied `created_at` of the newest row of `drizzle.__drizzle_migrations`
 * @throws DatabaseError that says to run the newer program
 */
export function refuseNewer(lastApplied: number): void {
  const newest = Math.max(...readMigrationFiles({ migrationsFolder }).map((m) => m.folderMillis))
  if (lastApplied <= newest) return
  throw new DatabaseError(
    `The database was made by a newer Jobcast (migration of ${new Date(lastApplied).toISOString()}, this program knows up to ` +
      `${new Date(newest).toISOString()}). Run that version, or point DATABASE_URL or DATA_DIR elsewhere.`,
  )
}
