import closeWithGrace from 'close-with-grace'
import { printError } from './errors.ts'

/** A shutdown that takes longer is cut off. */
const CLOSE_MS = 10_000

/** Closes what runs on SIGINT, SIGTERM or an uncaught error, and exits. A second signal exits at once. */
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
