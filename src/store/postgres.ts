import postgres from 'postgres'
import type { Contract } from '../contract/define.ts'
import { DatabaseError } from '../errors.ts'
import { messageOf, unwrap } from '../messages.ts'
import { isConnectionError } from './connectionErrors.ts'
import { type Driver, databaseOnQuery, type OpenedDriver } from './database.ts'
import { isRecorded } from './definition.ts'
import { migrate, mustMigrate } from './migrations.ts'
import { CHANNEL } from './notifications.ts'

/**
 * Key of the advisory lock for migrations. It is arbitrary; other programs in the database are unlikely to
 * use the same.
 */
export const MIGRATION_LOCK = 5_062_227

/** Upper limit of the delay between attempts to connect, so that connections return soon after the server. */
const LONGEST_BACKOFF_SECONDS = 2
/**
 * Queries that are sent on a connection before the first is answered. With the driver's default of 100, a
 * quick query waits for slow ones while other connections are idle, and under load each query took longer and
 * longer. The driver's types lack this option.
 */
const NO_PIPELINING = { max_pipeline: 1 }
/** JSON (type 114) is not parsed, because jobs are stored and sent as the same text. */
export const RAW_JSON = {
  to: 114,
  from: [114],
  serialize: (text: string) => text,
  parse: (text: string) => text,
}
/**
 * Connections for everything but the queries of the history and of single jobs: the indexer, the feed, the
 * state and the tallies.
 */
export const CORE_CONNECTIONS = 2
/**
 * Settings of the connections for the queries of the history and of single jobs. Postgres cancels a query
 * after 8 s, which is before the process rejects it as lost. Without parallel workers, a query uses at most
 * one processor.
 */
const REQUEST_SETTINGS = { statement_timeout: 8_000, max_parallel_workers_per_gather: 0 }
/**
 * Settings of the connections for everything else. A server or a user with a `statement_timeout` would cancel
 * the creation of an index again and again. The process has limits of its own. A string, because the driver
 * does not send the number 0.
 */
const CORE_SETTINGS = { statement_timeout: '0' }
/** Time that the statements under way may take after the database begins to close. */
const CLOSE_SECONDS = 1
/** Time after which an idle connection is closed, so that many processes can share a server. */
const IDLE_SECONDS = 30

/**
 * Returns the name of the connections in pg_stat_activity. It includes the schema, because installations may
 * share a database.
 */
export function applicationName(schema: string): string {
  // `jobcast reset` compares the name. Postgres truncates it to 63 bytes and replaces non-ASCII characters,
  // so they are encoded.
  return schema === 'public' ? 'jobcast' : `jobcast ${encodeURIComponent(schema)}`.slice(0, 63)
}

/**
 * Migrates a Postgres to this version and opens it for a contract. If several processes start together, one
 * of them migrates and the others wait.
 * @param url postgres://…; through a pooler, statements are not prepared unless the URL has `?prepare=true`
 * @param onPooled called if `listen` is used through a pooler
 * @throws DatabaseError if another version or definition made the database, or if the user lacks rights; the
 * driver's error if no server answers
 */
export async function openPostgres(
  url: string,
  contract: Contract,
  { connections = 1, onPooled = () => {} } = {},
): Promise<OpenedDriver> {
  const { pooled, schema, channel, migrated } = await migratePostgres(url, contract)
  const open = (max: number, connection: Record<string, string | number>) =>
    postgres(url, {
      max,
      ...NO_PIPELINING,
      // A pooler in transaction mode shares prepared statements between clients.
      ...(pooled && !new URL(url).searchParams.has('prepare') && { prepare: false }),
      connect_timeout: 10,
      idle_timeout: IDLE_SECONDS,
      backoff: (retries: number) =>
        (0.5 + Math.random() / 2) * Math.min(3 ** retries / 100, LONGEST_BACKOFF_SECONDS),
      onnotice: () => {},
      connection: { application_name: applicationName(schema), ...connection },
      types: { json: RAW_JSON },
    })
  // A pooler refuses connection parameters that it does not know.
  const core = open(CORE_CONNECTIONS, pooled ? {} : CORE_SETTINGS)
  const requests = open(connections, pooled ? {} : REQUEST_SETTINGS)
  const lanes = { core: queryOf(core), requests: queryOf(requests) }
  return {
    migrated,
    query: (text, params, options) => lanes[options.lane](text, params, options),
    async listen(onMessage, onReady) {
      if (pooled) onPooled()
      // The driver retries a failed LISTEN by itself. After a second call, each notification would
      // arrive twice.
      await core.listen(channel, onMessage, onReady).catch(() => {})
    },
    async close() {
      await Promise.all([core.end({ timeout: CLOSE_SECONDS }), requests.end({ timeout: CLOSE_SECONDS })])
    },
  }
}

/** Runs statements on a connection. The driver prepares none if the connection has `prepare: false`. */
function queryOf(sql: postgres.ISql): Driver['query'] {
  return (text, params, { prepare, arrays }) => {
    const query = sql.unsafe(text, params as never[], { prepare })
    return (arrays ? query.values() : query).then(takeRows)
  }
}

/**
 * Moves the rows to a new array and empties the result, so that the rows do not live as long as the query. A
 * query of postgres.js holds its result, and survives until the next full garbage collection, because V8
 * allocates the functions that its constructor assigns (`this.resolve = …`) directly in the old space.
 */
function takeRows<Row>(result: Row[]): Row[] {
  const rows = [...result]
  result.length = 0
  return rows
}

/**
 * Migrates in one transaction. The advisory lock belongs to the transaction: a pooler in transaction mode
 * would keep the lock of a session after the end of this process. A database that is up to date is only read.
 * @returns the schema of the tables, its channel, whether they were migrated, and whether the connection goes
 * through a pooler. It does if the server process that answers is not the one that accepted the connection.
 */
function migratePostgres(url: string, contract: Contract) {
  return onConnection(url, async (sql) => {
    const db = databaseOnQuery(queryOf(sql))
    let migrated = false
    if ((await mustMigrate(db)) || !(await isRecorded(db, contract)))
      migrated = await sql.begin(async (tx) => {
        await tx`set local statement_timeout = 0`
        await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK})`
        // False if another process has migrated during the wait for the lock.
        return migrate(databaseOnQuery(queryOf(tx)), contract)
      })
    const answer = await sql<[{ pid: number; schema: string; channel: string }]>`
      select pg_backend_pid() as pid, current_schema()::text as schema, ${sql.unsafe(CHANNEL)} as channel`
    const [{ pid, schema, channel }] = answer
    return { pooled: pid !== answer.state.pid, schema, channel, migrated }
  })
}

/**
 * Opens a connection, runs `work` on it, and closes it.
 * @throws DatabaseError if the database refuses, such as an unknown user or one without rights; the driver's
 * error if no server answers
 */
export async function onConnection<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  let sql: postgres.Sql | undefined
  try {
    sql = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {}, prepare: false })
    return await work(sql)
  } catch (thrown) {
    const error = unwrap(thrown)
    if (error instanceof DatabaseError || isConnectionError(error)) throw error
    throw new DatabaseError(
      `The database cannot be used: ${messageOf(error)}. Check DATABASE_URL and the rights of its user.`,
      { cause: error },
    )
  } finally {
    await sql?.end({ timeout: 5 })
  }
}
