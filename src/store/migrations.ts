import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type { Contract } from '../contract/define.ts'
import { DatabaseError } from '../errors.ts'
import type { Database } from './database.ts'
import { recordDefinition } from './definition.ts'

/**
 * Path of the folder `drizzle/`. It is resolved through the package's import map, which works from `src/` and
 * from `dist/`.
 */
const migrationsFolder = fileURLToPath(new URL('.', import.meta.resolve('#root/drizzle/0000_tables.sql')))

/**
 * Table of the applied migrations, with the columns of drizzle's own table. Drizzle has one table for a whole
 * database. This one is in the schema of Jobcast's tables, because several installations and other programs
 * may share a database.
 */
export const JOURNAL = 'jobcast_migrations'

/**
 * Returns whether migrations are missing in the database.
 * @throws DatabaseError if another version made it and this one cannot migrate it
 */
export async function mustMigrate(db: Database): Promise<boolean> {
  return lacksMigrations(await lastApplied(db))
}

/** @param applied as lastApplied() returns it */
function lacksMigrations(applied: number | null): boolean {
  const ours = migrations().map(({ folderMillis }) => folderMillis)
  const newest = Math.max(...ours)
  if (applied === newest) return false
  if (applied === null || ours.includes(applied)) return true
  if (applied < newest)
    throw new DatabaseError(
      'The database was made by a Jobcast from before the first release, whose data cannot be migrated. Delete it with `jobcast reset`; the next start indexes from scratch.',
    )
  throw new DatabaseError(
    `The database was made by a newer Jobcast (migration of ${new Date(applied).toISOString()}; this version knows those up to ` +
      `${new Date(newest).toISOString()}). Run the newer version, or set DATABASE_URL or DATA_DIR to another database.`,
  )
}

/**
 * Applies the migrations that are missing, and records a contract's definition. It must run in a transaction.
 * @returns whether migrations were missing
 * @throws like {@link mustMigrate}, and DatabaseError if another definition wrote the database
 */
export async function migrate(db: Database, contract: Contract): Promise<boolean> {
  const migrated = await applyMigrations(db)
  await recordDefinition(db, contract)
  return migrated
}

/** @returns whether migrations were missing */
async function applyMigrations(db: Database): Promise<boolean> {
  const applied = await lastApplied(db)
  if (!lacksMigrations(applied)) return false
  await db.run(
    `create table if not exists ${JOURNAL} (id serial primary key, hash text not null, created_at bigint)`,
    [],
  )
  for (const { sql: statements, hash, folderMillis } of migrations()) {
    if (folderMillis <= (applied ?? 0)) continue
    for (const statement of statements) await db.run(statement, [])
    await db.run(`insert into ${JOURNAL} (hash, created_at) values ($1, $2)`, [hash, folderMillis])
  }
  return true
}

function migrations() {
  return readMigrationFiles({ migrationsFolder })
}

/**
 * Returns the time of the newest applied migration, in unix milliseconds. 0 for tables without a journal,
 * which are from before the first release. Null for a schema without tables.
 */
async function lastApplied({ orm }: Database): Promise<number | null> {
  // to_regclass would answer from this session's cache, which may be outdated after the wait for the
  // migration lock.
  const tables = await orm.execute<{ name: string }>(
    sql`select tablename as name from pg_tables where schemaname = current_schema() and tablename in (${JOURNAL}, 'cursor')`,
  )
  if (!tables.some(({ name }) => name === JOURNAL)) return tables.length > 0 ? 0 : null
  const [last] = await orm.execute<{ at: string | null }>(
    sql`select max(created_at)::text as at from ${sql.identifier(JOURNAL)}`,
  )
  return last?.at === null ? null : Number(last?.at)
}
