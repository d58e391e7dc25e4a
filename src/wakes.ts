/** So many commits in a row that only the poll found are no accident. */
const UNANNOUNCED = 5

/**
 * Tells, once, where wakes do not arrive though they are listened for, as behind a pooler in transaction mode: all works, only
 * later, and nothing else would show it.
 */
export function watchWakes(onMissing: () => void) {
  let known: number | undefined
  let unannounced = 0
  return {
    /** A wake came, with the feed's last id. */
    woken(lastId: number): void {
      known = Math.max(known ?? 0, lastId)
      unannounced = 0
    },
    /** The store was looked into, and the feed was there. */
    found(lastId: number): void {
      if (known !== undefined && lastId > known && ++unannounced === UNANNOUNCED) onMissing()
      known = Math.max(known ?? 0, lastId)
    },
  }
}
