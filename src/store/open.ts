import type { Logger } from 'pino'
import { UnavailableError } from '../errors.ts'
import { type Database, DatabaseError } from './database.ts'
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
  { databaseUrl, dataDir }: { databaseUrl: string | undefined; dataDir: string },
  log: Logger,
): Promise<Database> {
  // Loaded where it is used: it brings a whole Postgres.
  if (databaseUrl === undefined) return (await import('./pglite.ts')).openPglite(dataDir)
  let opened: Database | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  async function connect(): Promise<void> {
    const database = await openPostgres(databaseUrl as string)
    if (closed) await database.close()
    else opened = database
  }
  async function reconnect(): Promise<void> {
    try {
      await connect()
      log.info('connected to the database')
    } catch (error) {
      if (error instanceof DatabaseError) log.fatal(error.message)
      if (!closed) timer = setTimeout(reconnect, RETRY_MS)
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
    async rows(query) {
      return bounded(database().rows(query))
    },
    async listen(channel, onMessage, onReady) {
      await database().listen(channel, onMessage, onReady)
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await opened?.close()
    },
  }
}

/** The answer of a statement, with "no database" told apart from a fault of ours. */
async function bounded<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new UnavailableError('the database did not answer in time')), TIMEOUT_MS)
  })
  try {
    return await Promise.race([answer, timeout])
  } catch (error) {
    throw isConnectionFault(error) ? new UnavailableError(messageOf(error), { cause: error }) : error
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Faults of the connection or the server as a whole: the driver's and the system's codes, and the SQLSTATE classes
 * 08 (connection), 53 (resources), 57P (shutdown) and 58 (system).
 */
function isConnectionFault(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code ?? '')
  return /^(08|53|57P|58)...?$|^CONNECT|^E[A-Z]+$/.test(code)
}

/** Connecting to several addresses fails with an AggregateError, which says nothing itself. */
function messageOf(error: unknown): string {
  const { message, errors, code } = error as Error & { errors?: Error[]; code?: string }
  return message || errors?.[0]?.message || code || String(error)
}
