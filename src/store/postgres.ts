import { readMigrationFiles } from 'drizzle-orm/migrator'
import postgres from 'postgres'
import { compile, type Database, type Row } from './database.ts'
import { migrationsFolder, refuseNewer } from './migrations.ts'

/** Any number that no other program on the same server is likely to lock; all processes of Jobcast use it. */
const MIGRATION_LOCK = 5_062_227

/** A server that comes back must not wait long for its clients, nor meet them all in one moment. */
const LONGEST_BACKOFF_SECONDS = 2
/** What a burst opened is given back, so that many processes share a server's connections. */
const IDLE_SECONDS = 30

/**
 * Opens a Postgres, taking it forward to this version first: one of the processes that start together migrates,
 * the others wait for it.
 * @param url postgres://…; behind a pooler statements are not prepared, unless it says `?prepare=true`
 * @throws DatabaseError for a database of a newer version, and the driver's error where none answers
 */
export async function openPostgres(
  url: string,
  { connections = 5, onNotice = (_: string) => {} } = {},
): Promise<Database> {
  const pooled = await migratePostgres(url)
  const sql = postgres(url, {
    max: connections,
    ...(pooled && !new URL(url).searchParams.has('prepare') && { prepare: false }),
    connect_timeout: 10,
    idle_timeout: IDLE_SECONDS,
    backoff: (retries: number) =>
      (0.5 + Math.random() / 2) * Math.min(3 ** retries / 100, LONGEST_BACKOFF_SECONDS),
    onnotice: (notice) => onNotice(notice.message ?? ''),
    connection: { application_name: 'jobcast' },
  })
  // A pooler in transaction mode would give what one connection prepared to another.
  const { prepare } = sql.options
  return {
    async rows(query) {
      const { text, params } = compile(query)
      return (await sql.unsafe(text, params as never[], { prepare })) as unknown as Row[]
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
    return await sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK})`
      const [table] = await tx`select to_regclass('drizzle.__drizzle_migrations') as name`
      // The names and columns are drizzle's, whose tools may read them.
      if (!table?.name) {
        await tx`create schema if not exists drizzle`
        await tx`create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`
      }
      const [last] = await tx`select max(created_at)::text as at from drizzle.__drizzle_migrations`
      const lastApplied = Number(last?.at ?? 0)
      refuseNewer(lastApplied)
      for (const { sql: statements, hash, folderMillis } of readMigrationFiles({ migrationsFolder })) {
        if (folderMillis <= lastApplied) continue
        for (const statement of statements) await tx.unsafe(statement)
        await tx`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`
      }
      const answer = await tx`select pg_backend_pid() as pid`
      return answer[0]?.pid !== answer.state.pid
    })
  } finally {
    await sql.end({ timeout: 5 })
  }
}
