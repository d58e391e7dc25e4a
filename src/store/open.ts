import type { Logger } from 'pino'
import { UnavailableError } from '../errors.ts'
import { type Database, DatabaseError } from './database.ts'
import { isConnectionFault, messageOf } from './faults.ts'
import { openPostgres } from './postgres.ts'

/** A statement that takes longer counts as lost: a frozen server must not freeze its clients. */
const TIMEOUT_MS = 15_000
const RETRY_MS = 2_000

/**
 * Opens the database of a configuration. A Postgres that does not answer is no reason to end: until it does, every
 * use rejects with UnavailableError, and it is tried again in the background. So it is where it is lost later.
 * @throws DatabaseError where the database must not be used by this program
 */
export async function openDatabase(
  {
    databaseUrl,
    dataDir,
    databaseConnections,
  }: { databaseUrl: string | undefined; dataDir: string; databaseConnections: number },
  log: Logger,
): Promise<Database> {
  // Loaded where it is used: it brings a whole Postgres.
  if (databaseUrl === undefined) return (await import('./pglite.ts')).openPglite(dataDir)
  let opened: Database | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let replacing = false
  const listeners: Parameters<Database['listen']>[] = []

  async function connect(): Promise<void> {
    use(await openPostgres(databaseUrl as string, { connections: databaseConnections }))
  }
  function use(database: Database): void {
    const before = closed ? database : opened
    if (!closed) {
      opened = database
      for (const listener of listeners) void database.listen(...listener)
    }
    void before?.close()
  }
  async function reconnect(): Promise<void> {
    try {
      await connect()
      log.info('connected to the database')
    } catch (error) {
      // Waiting helps no more: it ends the process, as it would have at the start.
      if (error instanceof DatabaseError) throw error
      if (!closed) timer = setTimeout(reconnect, RETRY_MS)
    }
  }

  /**
   * Connections that say nothing: the server is frozen, or it or the network is gone without a word, which the system would
   * tell only after a quarter of an hour. Where a new connection is answered, it was the old ones.
   */
  async function replace(silent: Database): Promise<void> {
    if (replacing || closed || opened !== silent) return
    replacing = true
    const opening = openPostgres(databaseUrl as string, { connections: databaseConnections })
    try {
      use(await bounded(opening))
      log.warn('the connections to the database had become silent; they were replaced')
    } catch {
      void opening.then((late) => late.close()).catch(() => {})
    } finally {
      replacing = false
    }
  }

  try {
    await connect()
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    log.warn(`the database does not answer, will retry: ${messageOf(error)}`)
    timer = setTimeout(reconnect, RETRY_MS)
  }

  function database(): Database {
    if (!opened) throw new UnavailableError('the database has not answered yet')
    return opened
  }
  return {
    async rows(query, options) {
      const used = database()
      try {
        return await bounded(used.rows(query, options))
      } catch (error) {
        if (error instanceof SilentError) void replace(used)
        throw error
      }
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

class SilentError extends UnavailableError {}

/** The answer of a statement, with "no database" told apart from a fault of ours. */
async function bounded<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SilentError('the database did not answer in time')), TIMEOUT_MS)
  })
  try {
    return await Promise.race([answer, timeout])
  } catch (error) {
    throw isConnectionFault(error) ? new UnavailableError(messageOf(error), { cause: error }) : error
  } finally {
    clearTimeout(timer)
  }
}
