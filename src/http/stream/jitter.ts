/** A random integer of a range. Each client gets its own, so that a crowd does not come back in the same second. */
export function jitter({ from, to }: { from: number; to: number }): number {
  return Math.round(from + Math.random() * (to - from))
}
