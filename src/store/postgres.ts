import postgres from 'postgres'
import type { Contract } from '../contract/define.ts'
import { channelOf, createDatabase, DatabaseError, type Driver } from './database.ts'
import { claimDefinition, isClaimed } from './definition.ts'
import { isConnectionFault } from './faults.ts'
import { migrate, mustMigrate } from './migrations.ts'

/** Any number that no other program on the same server is likely to lock; all processes of Jobcast use it. */
const MIGRATION_LOCK = 5_062_227

/** What an operator sees in pg_stat_activity. Several Jobcasts may share a database, each in a schema of its own. */
export function applicationName(schema: string): string {
  // Postgres cuts it to 63 bytes, and reset compares it.
  return schema === 'public' ? 'jobcast' : `jobcast ${schema}`.slice(0, 63)
}
/** A server that comes back must not wait long for its clients, nor meet them all in one moment. */
const LONGEST_BACKOFF_SECONDS = 2
/**
 * Queries sent to a busy connection before its answer: the driver's 100 put a quick query behind slow ones while others are idle,
 * and under a steady load its list of busy connections grows, and each query with it. Not in the driver's types.
 */
const QUEUE = { max_pipeline: 1 }
/** JSON stays the text it is: it is stored as it was sent, and sent as it was stored. */
const RAW_JSON = { to: 114, from: [114], serialize: (text: string) => text, parse: (text: string) => text }
/** Connections of the indexer and the feed. They are their own, so that neither waits for a query of a client. */
const INDEX_CONNECTIONS = 2
/**
 * Settings of the connections for clients' queries. A query that takes longer is cancelled, in milliseconds: shorter than the
 * time after which a connection counts as lost. No query takes more than one processor from the indexer.
 */
const REQUEST_SETTINGS = { statement_timeout: 8_000, max_parallel_workers_per_gather: 0 }
/** What a burst opened is given back, so that many processes share a server's connections. */
const IDLE_SECONDS = 30

/**
 * Opens a Postgres for a contract, taking it forward to this version first: one of the processes that start together
 * migrates, the others wait for it.
 * @param url postgres://…; behind a pooler statements are not prepared, unless it says `?prepare=true`
 * @param onPooled called when something listens for notifications through a pooler
 * @throws DatabaseError for a database of another version or definition or without the rights, and the driver's error if
 * none answers
 */
export async function openPostgres(
  url: string,
  contract: Contract,
  { connections = 10, onPooled = () => {} } = {},
): Promise<Driver> {
  const { pooled, schema } = await migratePostgres(url, contract)
  const open = (max: number, connection: Record<string, string | number>) =>
    postgres(url, {
      max,
      ...QUEUE,
      ...(pooled && !new URL(url).searchParams.has('prepare') && { prepare: false }),
      connect_timeout: 10,
      idle_timeout: IDLE_SECONDS,
      backoff: (retries: number) =>
        (0.5 + Math.random() / 2) * Math.min(3 ** retries / 100, LONGEST_BACKOFF_SECONDS),
      onnotice: () => {},
      connection: { application_name: applicationName(schema), ...connection },
      types: { json: RAW_JSON },
    })
  const index = open(INDEX_CONNECTIONS, {})
  // A pooler refuses settings it does not know.
  const requests = open(connections, pooled ? {} : REQUEST_SETTINGS)
  // A pooler in transaction mode would give what one connection prepared to another.
  const { prepare } = index.options
  const lanes = { index: queryOf(index, prepare), requests: queryOf(requests, prepare) }
  return {
    query: (text, params, options) => lanes[options.lane](text, params, options),
    async listen(onMessage, onReady) {
      if (pooled) onPooled()
      // The driver tries again by itself, from a first failure on: asking again would be answered twice.
      await index.listen(channelOf(schema), onMessage, onReady).catch(() => {})
    },
    async close() {
      await Promise.all([index.end({ timeout: 5 }), requests.end({ timeout: 5 })])
    },
  }
}

function queryOf(sql: postgres.ISql, prepare: boolean): Driver['query'] {
  return (text, params, options) => {
    const query = sql.unsafe(text, params as never[], { prepare: prepare && options.prepare })
    return options.arrays ? query.values() : query
  }
}

/** The store's functions on one connection or transaction. */
function databaseOf(sql: postgres.ISql) {
  return createDatabase({ query: queryOf(sql, false), listen: async () => {}, close: async () => {} })
}

/**
 * Migrates in one transaction on one connection. The lock is the transaction's: a pooler in transaction mode would keep a
 * session, and its lock, when this process is gone. A database that is up to date needs no right to change it.
 * @returns the schema of the tables, and whether a pooler stands between: the server process that answers is not the one
 * announced at the connect
 */
async function migratePostgres(
  url: string,
  contract: Contract,
): Promise<{ pooled: boolean; schema: string }> {
  let sql: postgres.Sql | undefined
  try {
    sql = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {}, prepare: false })
    if ((await mustMigrate(runOf(sql))) || !(await isClaimed(databaseOf(sql), contract)))
      await sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK})`
        // Again: another process may have migrated during the wait for the lock.
        if (await mustMigrate(runOf(tx))) await migrate(runOf(tx))
        await claimDefinition(databaseOf(tx), contract)
      })
    const answer = await sql`select pg_backend_pid() as pid, current_schema()::text as schema`
    return { pooled: answer[0]?.pid !== answer.state.pid, schema: answer[0]?.schema }
  } catch (error) {
    if (error instanceof DatabaseError || isConnectionFault(error)) throw error
    const { message } =
      (error as Error).cause instanceof Error ? ((error as Error).cause as Error) : (error as Error)
    throw new DatabaseError(
      `The database cannot be used: ${message}. Check DATABASE_URL and the rights of its user.`,
      { cause: error },
    )
  } finally {
    await sql?.end({ timeout: 5 })
  }
}

/** Runs statements that no one prepares. */
function runOf(sql: postgres.ISql) {
  return (text: string, params: unknown[] = []) => sql.unsafe(text, params as never[])
}
