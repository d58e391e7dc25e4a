/**
 * Returns a random integer of a range. Each client gets its own, so that they do not all reconnect in the
 * same second.
 */
export function jitter({ from, to }: { from: number; to: number }): number {
  return Math.round(from + Math.random() * (to - from))
}
