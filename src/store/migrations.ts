import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { DatabaseError } from './database.ts'

/** Found through the package's own import map, so that it is the same from `src/` and from `dist/`. */
export const migrationsFolder = fileURLToPath(
  new URL('.', import.meta.resolve('#root/drizzle/0000_tables.sql')),
)

/** `created_at` of the newest migration this program has. */
const newest = () => Math.max(...readMigrationFiles({ migrationsFolder }).map((m) => m.folderMillis))

/**
 * Whether the database has to be taken forward.
 * @param lastApplied `created_at` of the newest row of `drizzle.__drizzle_migrations`; 0 where there is none
 * @throws DatabaseError where it was made by a newer program, which says to run that one
 */
export function mustMigrate(lastApplied: number): boolean {
  if (lastApplied <= newest()) return lastApplied < newest()
  throw new DatabaseError(
    `The database was made by a newer Jobcast (migration of ${new Date(lastApplied).toISOString()}, this program knows up to ` +
      `${new Date(newest()).toISOString()}). Run that version, or point DATABASE_URL or DATA_DIR elsewhere.`,
  )
}
