import type { Logger } from 'pino'
import type { Contract } from '../contract/define.ts'
import { UnavailableError } from '../errors.ts'
import { messageOf } from '../messages.ts'
import { DatabaseError, type Driver } from './database.ts'
import { isConnectionFault } from './faults.ts'
import { openPostgres } from './postgres.ts'
import { type Watcher, watchDriver } from './watch.ts'

/** A statement that takes longer counts as lost: a frozen server must not freeze its clients. */
const TIMEOUT_MS = 15_000
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
  watcher: Watcher,
  log: Logger,
): Promise<Driver> {
  if (options.databaseUrl !== undefined) return watchDriver(await openPool(options, contract, log), watcher)
  // Loaded where it is used: it brings a whole Postgres.
  const { openPglite } = await import('./pglite.ts')
  return watchDriver(await openPglite(options.dataDir, contract), watcher)
}

async function openPool(
  { databaseUrl, databaseConnections }: DatabaseOptions,
  contract: Contract,
  log: Logger,
): Promise<Driver> {
  let opened: Driver | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let replacing = false
  const listeners: Parameters<Driver['listen']>[] = []

  const open = () => openPostgres(databaseUrl as string, contract, { connections: databaseConnections })
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
      use(await inTime(opening))
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
      if (!used) return Promise.reject(new UnavailableError('the database has not answered yet'))
      return inTime(used.query(text, params, options), () => void replace(used))
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

interface Waiting {
  since: number
  expire(): void
}

/** The statements under way, oldest first. One timer looks after all: with one for each, timers were a tenth of a request. */
const waiting = new Set<Waiting>()

setInterval(() => {
  for (const { since, expire } of waiting) {
    if (performance.now() - since < TIMEOUT_MS) return
    expire()
  }
}, 1_000).unref()

/** The answer of a statement. Rejects with UnavailableError if there is none in time, or no database. */
function inTime<T>(answer: Promise<T>, onTimeout = () => {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const entry = {
      since: performance.now(),
      expire() {
        waiting.delete(entry)
        reject(new UnavailableError('the database did not answer in time'))
        onTimeout()
      },
    }
    waiting.add(entry)
    answer.then(
      (value) => {
        waiting.delete(entry)
        resolve(value)
      },
      (error) => {
        waiting.delete(entry)
        reject(isConnectionFault(error) ? new UnavailableError(messageOf(error), { cause: error }) : error)
      },
    )
  })
}
