/**
 * Returns the milliseconds until the next attempt: doubled with each failure, and jittered, so that the
 * processes of a cluster do not try at the same time.
 * @param failures in a row, at least 1
 */
export function backoffMs(failures: number, minMs: number, maxMs: number): number {
  return Math.min(minMs * 2 ** (failures - 1), maxMs) * (0.5 + Math.random() / 2)
}
