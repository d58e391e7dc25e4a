import { retryAfterSeconds } from '../chain/errors.ts'

const MIN_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 10_000

/** Retry interval after a failure that only an operator can fix. */
export const HALTED_MS = 15_000

/**
 * The milliseconds before the next attempt: what the endpoint asks for, or a jittered interval that doubles with each failure.
 * @param failures in a row
 */
export function retryMs(error: unknown, failures: number): number {
  const backoff = Math.min(MIN_BACKOFF_MS * 2 ** Math.min(failures - 1, 10), MAX_BACKOFF_MS)
  return (retryAfterSeconds(error) ?? 0) * 1_000 || backoff * (0.5 + Math.random() / 2)
}
