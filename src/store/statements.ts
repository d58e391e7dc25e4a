import { UnavailableError } from '../errors.ts'
import { messageOf } from '../messages.ts'
import { type Metrics, observeGauge } from '../observe/metrics.ts'
import { isConnectionFault } from './faults.ts'

/**
 * Default of the milliseconds after which a statement is rejected as lost: a frozen database server must not
 * freeze its clients.
 */
const TIMEOUT_MS = 15_000

interface Statement {
  since: number
  timeoutMs: number
  expire(): void
}

interface MeasureOptions {
  timeoutMs?: number | undefined
  onTimeout?: () => void
}

/**
 * Measures the running statements, and rejects each that takes too long. One timer checks all of them: with
 * one timer per statement, timers took a tenth of a request's CPU time.
 */
export function createStatements({
  registry,
  databaseSeconds,
  databaseErrors,
}: Pick<Metrics, 'registry' | 'databaseSeconds' | 'databaseErrors'>) {
  const running = new Set<Statement>()
  observeGauge(
    registry,
    'jobcast_database_queries_active',
    'Statements that run or wait for a connection. If they exceed the connections, statements are queued.',
    () => running.size,
  )
  const timer = setInterval(() => {
    const now = performance.now()
    for (const { since, timeoutMs, expire } of running) if (now - since > timeoutMs) expire()
  }, 1_000).unref()

  function end(statement: Statement, failed: boolean): void {
    if (!running.delete(statement)) return
    databaseSeconds.observe((performance.now() - statement.since) / 1000)
    if (failed) databaseErrors.inc()
  }

  return {
    /**
     * Settles as the statement does.
     * @throws UnavailableError if the statement takes too long, after calling `onTimeout`, or if the
     * connection fails
     */
    measure<T>(
      answer: Promise<T>,
      { timeoutMs = TIMEOUT_MS, onTimeout = () => {} }: MeasureOptions = {},
    ): Promise<T> {
      return new Promise((resolve, reject) => {
        const statement = {
          since: performance.now(),
          timeoutMs,
          expire() {
            end(statement, true)
            onTimeout()
            reject(new UnavailableError('the database did not answer in time'))
          },
        }
        running.add(statement)
        answer.then(
          (value) => {
            end(statement, false)
            resolve(value)
          },
          (error) => {
            end(statement, true)
            reject(
              isConnectionFault(error) ? new UnavailableError(messageOf(error), { cause: error }) : error,
            )
          },
        )
      })
    },
    close: () => clearInterval(timer),
  }
}

export type Statements = ReturnType<typeof createStatements>
