import closeWithGrace from 'close-with-grace'
import { printError } from './errors.ts'

/**
 * Milliseconds after which an unfinished shutdown is aborted. Its parts take at most 9 s: 2 s for the streams,
 * 2 s for unanswered requests, 4 s for the indexer's step and 1 s for the database.
 */
const CLOSE_MS = 10_000

/**
 * Calls `close` and exits at a signal that ends a process (such as SIGINT and SIGTERM) or an unhandled error. A
 * second signal exits at once.
 */
export function closeOnSignal(
  close: () => Promise<void>,
  logMessage: (message: string) => void,
  logError: (error: Error) => void = printError,
): void {
  closeWithGrace({ delay: CLOSE_MS, logger: false }, async ({ signal, err }) => {
    if (err) logError(err)
    else logMessage(`${signal}: closing`)
    await close()
  })
}
