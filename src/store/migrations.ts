import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { DatabaseError } from './database.ts'

/** Found through the package's own import map, so that it is the same from `src/` and from `dist/`. */
export const migrationsFolder = fileURLToPath(
  new URL('.', import.meta.resolve('#root/drizzle/0000_tables.sql')),
)

/**
 * The applied migrations, in the columns of drizzle's own table. It is in the schema of the tables: drizzle's is one for the
 * whole database, which several Jobcasts and other programs may share.
 */
export const JOURNAL = 'jobcast_migrations'

/** Runs a statement on a connection or transaction. */
type Run = (text: string, params?: unknown[]) => PromiseLike<Record<string, unknown>[]>

/**
 * Whether the database has to be migrated to this version.
 * @throws DatabaseError if another version made it that this one cannot migrate
 */
export async function mustMigrate(run: Run): Promise<boolean> {
  const applied = await lastApplied(run)
  const known = migrations().map(({ folderMillis }) => folderMillis)
  const newest = Math.max(...known)
  if (applied === newest) return false
  if (applied === null || known.includes(applied)) return true
  if (applied < newest)
    throw new DatabaseError(
      'The database was made by a Jobcast from before the first release, whose data cannot be migrated. Delete it with `jobcast reset`: the next start indexes the contract anew.',
    )
  throw new DatabaseError(
    `The database was made by a newer Jobcast (migration of ${new Date(applied).toISOString()}, this program knows up to ` +
      `${new Date(newest).toISOString()}). Run that version, or point DATABASE_URL or DATA_DIR elsewhere.`,
  )
}

/** Applies the migrations that are missing. Must run in a transaction. */
export async function migrate(run: Run): Promise<void> {
  const applied = (await lastApplied(run)) ?? 0
  await run(
    `create table if not exists ${JOURNAL} (id serial primary key, hash text not null, created_at bigint)`,
  )
  for (const { sql: statements, hash, folderMillis } of migrations()) {
    if (folderMillis <= applied) continue
    for (const statement of statements) await run(statement)
    await run(`insert into ${JOURNAL} (hash, created_at) values ($1, $2)`, [hash, folderMillis])
  }
}

function migrations() {
  return readMigrationFiles({ migrationsFolder })
}

/** `created_at` of the newest applied migration, 0 for tables from before the journal, null for a schema without tables. */
async function lastApplied(run: Run): Promise<number | null> {
  // Not to_regclass: after the wait for the lock it would answer from this session's cache.
  const tables = await run(
    `select tablename as name from pg_tables where schemaname = current_schema() and tablename in ('${JOURNAL}', 'cursor')`,
  )
  if (!tables.some(({ name }) => name === JOURNAL)) return tables.length > 0 ? 0 : null
  const [last] = await run(`select max(created_at)::text as at from ${JOURNAL}`)
  return last?.at === null ? null : Number(last?.at)
}
