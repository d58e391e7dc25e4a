import { setTimeout } from 'node:timers/promises'

/**
 * Runs `work` until `signal` is aborted. One run ends before the next begins, however long it takes.
 * @param pauseMs returns the milliseconds between two runs
 */
export async function repeat(
  work: () => Promise<void>,
  pauseMs: () => number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await work()
    await setTimeout(pauseMs(), undefined, { signal }).catch(() => {})
  }
}
