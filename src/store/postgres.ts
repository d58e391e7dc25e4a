import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { compile, type Database, DatabaseError, type Row } from './database.ts'
import { isConnectionFault } from './faults.ts'
import { migrationsFolder, mustMigrate } from './migrations.ts'

/** Any number that no other program on the same server is likely to lock; all processes of Jobcast use it. */
const MIGRATION_LOCK = 5_062_227

/** What an operator sees in pg_stat_activity. */
export const APPLICATION = 'jobcast'
/** One more is for LISTEN. */
export const CONNECTIONS = 10

/**
 * Opens a Postgres, taking it forward to this version first: one of the processes that start together migrates,
 * the others wait for it.
 * @param url postgres://…; `?prepare=false` for a pgbouncer in transaction mode before 1.21
 * @throws DatabaseError for a database of a newer version or without the rights, and the driver's error where none answers
 */
export async function openPostgres(
  url: string,
  { connections = CONNECTIONS, onNotice = (_: string) => {} } = {},
): Promise<Database> {
  await migratePostgres(url)
  const sql = postgres(url, {
    max: connections,
    connect_timeout: 10,
    onnotice: (notice) => onNotice(notice.message ?? ''),
    connection: { application_name: APPLICATION },
  })
  // False where a pooler cannot hold prepared statements (`?prepare=false`).
  const { prepare } = sql.options
  return {
    async rows(query, { planForValues = false } = {}) {
      const { text, params } = compile(query)
      const options = { prepare: prepare && !planForValues }
      return (await sql.unsafe(text, params as never[], options)) as unknown as Row[]
    },
    async listen(channel, onMessage, onReady) {
      await sql.listen(channel, onMessage, onReady)
    },
    close: () => sql.end({ timeout: 5 }),
  }
}

async function migratePostgres(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {}, prepare: false })
  try {
    if (!mustMigrate(await lastApplied(sql))) return
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`
    // Again, since another process may have been at it meanwhile.
    if (mustMigrate(await lastApplied(sql))) await migrate(drizzle(sql), { migrationsFolder })
  } catch (error) {
    if (error instanceof DatabaseError || isConnectionFault(error)) throw error
    const { message } =
      (error as Error).cause instanceof Error ? ((error as Error).cause as Error) : (error as Error)
    throw new DatabaseError(
      `The database cannot be used: ${message}. Check DATABASE_URL and the rights of its user.`,
      {
        cause: error,
      },
    )
  } finally {
    // Ending the session gives the lock back.
    await sql.end({ timeout: 5 })
  }
}

async function lastApplied(sql: postgres.Sql): Promise<number> {
  const [table] = await sql`select to_regclass('drizzle.__drizzle_migrations') as name`
  if (!table?.name) return 0
  const [last] = await sql`select max(created_at)::text as at from drizzle.__drizzle_migrations`
  return Number(last?.at ?? 0)
}
