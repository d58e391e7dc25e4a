import type { Logger } from 'pino'
import type { Contract } from '../contract/define.ts'
import { DatabaseError, UnavailableError } from '../errors.ts'
import { messageOf } from '../messages.ts'
import type { Driver } from './database.ts'
import { openPostgres } from './postgres.ts'
import type { StatementMonitor } from './statementMonitor.ts'

/** Delay between attempts to open a database that does not answer: a restart of Postgres takes seconds. */
const RECONNECT_MS = 2_000
/** Warning when the feed listens through a pooler. */
const POOLED =
  'the database is behind a connection pooler, which drops notifications unless it pools sessions. Without notifications, events are sent up to 1.25 s late. Point DATABASE_URL at Postgres itself if latency matters'

interface Options {
  /** connections for the queries of the history and of single jobs */
  connections: number
  statements: StatementMonitor
  log: Logger
}

interface Connection extends Options {
  /** null until Postgres has answered for the first time */
  driver: Driver | null
  open(): Promise<Driver>
  listeners: Parameters<Driver['listen']>[]
  timer: NodeJS.Timeout | undefined
  replacing: boolean
  closed: boolean
}

/**
 * Connects to a Postgres, and stays connected. If it does not answer at first, connecting is retried in the
 * background. If it stops answering later, new connections replace the old ones. Until then each query
 * rejects with UnavailableError.
 * @throws DatabaseError if this process must not use the database. If a retry in the background finds that,
 * the process ends.
 */
export async function connectPostgres(url: string, contract: Contract, options: Options): Promise<Driver> {
  const { statements, log } = options
  const connection: Connection = {
    ...options,
    driver: null,
    open: () =>
      openPostgres(url, contract, { connections: options.connections, onPooled: () => log.warn(POOLED) }),
    listeners: [],
    timer: undefined,
    replacing: false,
    closed: false,
  }
  try {
    use(connection, await connection.open())
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    log.warn(`the database does not answer, will retry: ${messageOf(error)}`)
    connection.timer = setTimeout(reconnect, RECONNECT_MS, connection)
  }
  return {
    query(text, params, queryOptions) {
      const { driver } = connection
      if (!driver)
        return statements.measure(
          Promise.reject(new UnavailableError('the database has not answered yet')),
          queryOptions,
        )
      return statements.measure(driver.query(text, params, queryOptions), {
        ...queryOptions,
        onTimeout: () => void replaceConnections(connection, driver),
      })
    },
    async listen(...listener) {
      connection.listeners.push(listener)
      await connection.driver?.listen(...listener)
    },
    async close() {
      statements.close()
      connection.closed = true
      clearTimeout(connection.timer)
      await connection.driver?.close()
    },
  }
}

/** Sends all further queries to a driver, and closes the previous one. */
function use(connection: Connection, driver: Driver): void {
  if (connection.closed) return void driver.close()
  void connection.driver?.close()
  connection.driver = driver
  for (const listener of connection.listeners) void driver.listen(...listener)
}

async function reconnect(connection: Connection): Promise<void> {
  try {
    use(connection, await connection.open())
    if (!connection.closed) connection.log.info('connected to the database')
  } catch (error) {
    // A retry cannot succeed. The uncaught error ends the process, as it would have at the start.
    if (error instanceof DatabaseError) throw error
    if (!connection.closed) connection.timer = setTimeout(reconnect, RECONNECT_MS, connection)
  }
}

/**
 * Opens new connections after a statement was not answered. If they work, the old ones are broken and are
 * replaced. If they do not, the old ones are kept. The operating system would report a lost connection only
 * after 15 minutes.
 */
async function replaceConnections(connection: Connection, unanswering: Driver): Promise<void> {
  if (connection.replacing || connection.closed || connection.driver !== unanswering) return
  connection.replacing = true
  const opening = connection.open()
  try {
    use(connection, await connection.statements.measure(opening, { lane: 'core' }))
    if (!connection.closed)
      connection.log.warn('the connections to the database stopped answering; new ones replaced them')
  } catch {
    void opening.then((late) => late.close()).catch(() => {})
  } finally {
    connection.replacing = false
  }
}
