import type { Logger } from 'pino'
import type { Contract } from '../contract/define.ts'
import { UnavailableError } from '../errors.ts'
import { messageOf } from '../messages.ts'
import { type Metrics, observeGauge } from '../observe/metrics.ts'
import { DatabaseError, type Driver } from './database.ts'
import { openPostgres } from './postgres.ts'
import { createStatements, type Statements } from './statements.ts'

const RETRY_MS = 2_000

export interface DatabaseOptions {
  databaseUrl: string | undefined
  dataDir: string
  databaseConnections: number
}

/**
 * Opens the database of a configuration for a contract. A Postgres that does not answer is no reason to end: until it does,
 * every query rejects with UnavailableError, and connecting is retried in the background. The same holds if it is lost later.
 * @throws DatabaseError if the database must not be used by this program
 */
export async function openDatabase(
  options: DatabaseOptions,
  contract: Contract,
  metrics: Pick<Metrics, 'registry' | 'databaseSeconds' | 'databaseErrors'>,
  log: Logger,
): Promise<Driver> {
  const statements = createStatements(metrics)
  observeGauge(
    metrics.registry,
    'jobcast_database_connections_max',
    'Connections the pool may open, one for notifications aside.',
    () => (options.databaseUrl === undefined ? 1 : options.databaseConnections),
  )
  const driver =
    options.databaseUrl === undefined
      ? await openFolder(options.dataDir, contract, statements)
      : await openPool(options.databaseUrl, options.databaseConnections, contract, statements, log)
  return {
    ...driver,
    async close() {
      statements.close()
      await driver.close()
    },
  }
}

async function openFolder(folder: string, contract: Contract, statements: Statements): Promise<Driver> {
  // Imported only here: it brings a whole Postgres.
  const { openPglite } = await import('./pglite.ts')
  const driver = await openPglite(folder, contract)
  return {
    ...driver,
    query: (text, params, options) => statements.watch(driver.query(text, params, options), options),
  }
}

async function openPool(
  url: string,
  connections: number,
  contract: Contract,
  statements: Statements,
  log: Logger,
): Promise<Driver> {
  let opened: Driver | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let replacing = false
  const listeners: Parameters<Driver['listen']>[] = []
  let warned = false

  function onPooled(): void {
    if (!warned)
      log.warn(
        'a connection pooler stands before the database: unless it pools by session, it does not pass notifications on, and events are sent up to a second late',
      )
    warned = true
  }
  const open = () => openPostgres(url, contract, { connections, onPooled })
  function use(driver: Driver): void {
    const before = closed ? driver : opened
    if (!closed) {
      opened = driver
      for (const listener of listeners) void driver.listen(...listener)
    }
    void before?.close()
  }
  async function reconnect(): Promise<void> {
    try {
      use(await open())
      log.info('connected to the database')
    } catch (error) {
      // Waiting helps no more: it ends the process, as it would have at the start.
      if (error instanceof DatabaseError) throw error
      if (!closed) timer = setTimeout(reconnect, RETRY_MS)
    }
  }

  /**
   * Replaces connections that say nothing: the server is frozen, or it or the network is gone without a word, which the
   * system would report only after a quarter of an hour. If a new connection is answered, the old ones were at fault.
   */
  async function replace(silent: Driver): Promise<void> {
    if (replacing || closed || opened !== silent) return
    replacing = true
    const opening = open()
    try {
      use(await statements.watch(opening))
      log.warn('the connections to the database had become silent; they were replaced')
    } catch {
      void opening.then((late) => late.close()).catch(() => {})
    } finally {
      replacing = false
    }
  }

  try {
    use(await open())
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    log.warn(`the database does not answer, will retry: ${messageOf(error)}`)
    timer = setTimeout(reconnect, RETRY_MS)
  }

  return {
    query(text, params, options) {
      const used = opened
      if (!used)
        return statements.watch(Promise.reject(new UnavailableError('the database has not answered yet')))
      return statements.watch(used.query(text, params, options), {
        timeoutMs: options.timeoutMs,
        onTimeout: () => void replace(used),
      })
    },
    async listen(...listener) {
      listeners.push(listener)
      await opened?.listen(...listener)
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await opened?.close()
    },
  }
}
