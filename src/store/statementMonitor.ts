import { codeOf, OverloadedError, UnavailableError } from '../errors.ts'
import { messageOf } from '../messages.ts'
import { type Metrics, observeGauge } from '../observe/metrics.ts'
import { createTransientMap } from '../transientMap.ts'
import { isConnectionError } from './connectionErrors.ts'
import type { Lane } from './database.ts'

/**
 * Default of the milliseconds after which a statement is rejected as lost: a frozen database server must not
 * freeze its clients.
 */
const TIMEOUT_MS = 15_000
/** SQLSTATE of a statement that Postgres cancelled: usually because it exceeded `statement_timeout`. */
const CANCELLED = '57014'

interface Statement {
  since: number
  timeoutMs: number
  expire(): void
}

interface MeasureOptions {
  lane: Lane
  timeoutMs?: number | undefined
  onTimeout?: () => void
}

/**
 * Measures the running statements, and rejects each that takes too long. One timer checks all of them: with
 * one timer per statement, timers took a tenth of a request's CPU time.
 */
export function createStatementMonitor({
  registry,
  databaseSeconds,
  databaseErrors,
}: Pick<Metrics, 'registry' | 'databaseSeconds' | 'databaseErrors'>) {
  const running = createTransientMap<Statement>()
  let started = 0
  observeGauge(
    registry,
    'jobcast_database_queries_active',
    'Statements that run or wait for a connection.',
    () => Object.keys(running).length,
  )
  const timer = setInterval(() => {
    const now = performance.now()
    for (const { since, timeoutMs, expire } of Object.values(running)) if (now - since > timeoutMs) expire()
  }, 1_000).unref()

  function end(id: number, failed: boolean): void {
    const statement = running[id]
    if (!statement) return
    delete running[id]
    databaseSeconds.observe((performance.now() - statement.since) / 1000)
    if (failed) databaseErrors.inc()
  }

  return {
    /**
     * Settles as the statement does.
     * @throws OverloadedError if Postgres cancels a statement of the lane `requests`
     * @throws UnavailableError if Postgres cancels another statement, if the connection fails, or if the
     * statement takes too long. In the last case, `onTimeout` is called first
     */
    measure<T>(
      answer: Promise<T>,
      { lane, timeoutMs = TIMEOUT_MS, onTimeout = () => {} }: MeasureOptions,
    ): Promise<T> {
      return new Promise((resolve, reject) => {
        const id = ++started
        running[id] = {
          since: performance.now(),
          timeoutMs,
          expire() {
            end(id, true)
            onTimeout()
            reject(new UnavailableError('the database did not answer in time'))
          },
        }
        answer.then(
          (value) => {
            end(id, false)
            resolve(value)
          },
          (error) => {
            end(id, true)
            reject(errorForCaller(error, lane))
          },
        )
      })
    },
    close: () => clearInterval(timer),
  }
}

/** Returns the error that the caller of a failed statement gets. */
function errorForCaller(error: unknown, lane: Lane): unknown {
  if (lane === 'requests' && codeOf(error) === CANCELLED)
    return new OverloadedError('the query took too long; narrow its filters')
  return isConnectionError(error) ? new UnavailableError(messageOf(error), { cause: error }) : error
}

export type StatementMonitor = ReturnType<typeof createStatementMonitor>
