import { UnavailableError } from '../errors.ts'
import { messageOf } from '../messages.ts'
import { type Metrics, observeGauge } from '../observe/metrics.ts'
import { isConnectionFault } from './faults.ts'

/** A statement that takes longer counts as lost, in milliseconds: a frozen server must not freeze its clients. */
const TIMEOUT_MS = 15_000

interface Statement {
  since: number
  expire(): void
}

/**
 * The statements under way. Each is measured, and rejected if it takes too long. One timer checks all of them: with a timer
 * for each statement, timers were a tenth of a request's CPU.
 */
export function createStatements({
  registry,
  databaseSeconds,
  databaseErrors,
}: Pick<Metrics, 'registry' | 'databaseSeconds' | 'databaseErrors'>) {
  /** oldest first */
  const running = new Set<Statement>()
  observeGauge(
    registry,
    'jobcast_database_queries_active',
    'Statements sent or waiting for a connection; more than there are connections means a queue.',
    () => running.size,
  )
  const timer = setInterval(() => {
    for (const { since, expire } of running) {
      if (performance.now() - since < TIMEOUT_MS) return
      expire()
    }
  }, 1_000).unref()

  function end(statement: Statement, failed: boolean): void {
    if (!running.delete(statement)) return
    databaseSeconds.observe((performance.now() - statement.since) / 1000)
    if (failed) databaseErrors.inc()
  }

  return {
    /**
     * The answer of a statement.
     * @throws UnavailableError if it takes too long, after `onTimeout`, or the connection fails
     */
    watch<T>(answer: Promise<T>, onTimeout = () => {}): Promise<T> {
      return new Promise((resolve, reject) => {
        const statement = {
          since: performance.now(),
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
