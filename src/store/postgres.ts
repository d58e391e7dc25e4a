import { readMigrationFiles } from 'drizzle-orm/migrator'
import postgres from 'postgres'
import { compile, type Database, DatabaseError, type Row } from './database.ts'
import { isConnectionFault } from './faults.ts'
import { migrationsFolder, mustMigrate } from './migrations.ts'

/** Any number that no other program on the same server is likely to lock; all processes of Jobcast use it. */
const MIGRATION_LOCK = 5_062_227

/** What an operator sees in pg_stat_activity. */
export const APPLICATION = 'jobcast'
/** A server that comes back must not wait long for its clients, nor meet them all in one moment. */
const LONGEST_BACKOFF_SECONDS = 2
/**
 * Queries sent to a busy connection before its answer: the driver's 100 put a quick query behind slow ones while others are idle,
 * and under a steady load its list of busy connections grows, and each query with it. Not in the driver's types.
 */
const QUEUE = { max_pipeline: 1 }
/** What a burst opened is given back, so that many processes share a server's connections. */
const IDLE_SECONDS = 30

/**
 * Opens a Postgres, taking it forward to this version first: one of the processes that start together migrates,
 * the others wait for it.
 * @param url postgres://…; behind a pooler statements are not prepared, unless it says `?prepare=true`
 * @throws DatabaseError for a database of a newer version or without the rights, and the driver's error where none answers
 */
export async function openPostgres(
  url: string,
  { connections = 5, onNotice = (_: string) => {} } = {},
): Promise<Database> {
  const pooled = await migratePostgres(url)
  const sql = postgres(url, {
    max: connections,
    ...QUEUE,
    ...(pooled && !new URL(url).searchParams.has('prepare') && { prepare: false }),
    connect_timeout: 10,
    idle_timeout: IDLE_SECONDS,
    backoff: (retries: number) =>
      (0.5 + Math.random() / 2) * Math.min(3 ** retries / 100, LONGEST_BACKOFF_SECONDS),
    onnotice: (notice) => onNotice(notice.message ?? ''),
    connection: { application_name: APPLICATION },
  })
  // A pooler in transaction mode would give what one connection prepared to another.
  const { prepare } = sql.options
  return {
    async rows(query, { planForValues = false } = {}) {
      const { text, params } = compile(query)
      const options = { prepare: prepare && !planForValues }
      return (await sql.unsafe(text, params as never[], options)) as unknown as Row[]
    },
    async listen(channel, onMessage, onReady) {
      // The driver tries again by itself, from a first failure on: asking again would be answered twice.
      await sql.listen(channel, onMessage, onReady).catch(() => {})
    },
    close: () => sql.end({ timeout: 5 }),
  }
}

/**
 * One transaction on one connection. The lock is the transaction's, not the session's: a pooler in transaction mode
 * would keep the session, and with it the lock, when we are gone. A database that is up to date needs no right to change it.
 * @returns whether a pooler stands between: the server process that answers is not the one we were told of at the connect
 */
async function migratePostgres(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {}, prepare: false })
  try {
    if (mustMigrate(await lastApplied(sql)))
      await sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK})`
        // Again, since another process may have been at it meanwhile.
        const last = await lastApplied(tx)
        if (mustMigrate(last)) await migrate(tx, last)
      })
    const answer = await sql`select pg_backend_pid() as pid`
    return answer[0]?.pid !== answer.state.pid
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
    await sql.end({ timeout: 5 })
  }
}

/** What drizzle's migrator does, but on a transaction that is open already; the names are its, whose tools may read them. */
async function migrate(tx: postgres.TransactionSql, lastApplied: number): Promise<void> {
  await tx`create schema if not exists drizzle`
  await tx`
    create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`
  for (const { sql: statements, hash, folderMillis } of readMigrationFiles({ migrationsFolder })) {
    if (folderMillis <= lastApplied) continue
    for (const statement of statements) await tx.unsafe(statement)
    await tx`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`
  }
}

async function lastApplied(sql: postgres.ISql): Promise<number> {
  // Not to_regclass: behind the wait for the lock it would still answer from what this session cached before.
  const [table] = await sql`
    select from pg_tables where schemaname = 'drizzle' and tablename = '__drizzle_migrations'`
  if (!table) return 0
  const [last] = await sql`select max(created_at)::text as at from drizzle.__drizzle_migrations`
  return Number(last?.at ?? 0)
}
