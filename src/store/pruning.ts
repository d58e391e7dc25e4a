import type { Logger } from 'pino'
import { messageOf } from '../messages.ts'
import { repeat } from '../repeat.ts'
import type { Database } from './database.ts'
import { pruneFeed } from './feed.ts'

/**
 * Retention if streams cannot be resumed. It is not 0, because each process reads new entries from the store.
 */
const UNRESUMABLE_RETENTION_SECONDS = 60
/** Longest time between two prunings, so that each deletion is small. */
const LONGEST_INTERVAL_SECONDS = 30

/**
 * Prunes the feed regularly.
 * @param retentionSeconds 0 if streams cannot be resumed
 * @returns a function that stops it
 */
export function startPruning(db: Database, retentionSeconds: number, log: Logger): () => void {
  const retention = retentionSeconds || UNRESUMABLE_RETENTION_SECONDS
  // A quarter of the retention: no entry is kept much longer.
  const interval = Math.min(LONGEST_INTERVAL_SECONDS, Math.max(1, retention / 4))
  const prune = () =>
    pruneFeed(db, retention).catch((error) => log.debug(`could not prune the feed: ${messageOf(error)}`))
  const stopped = new AbortController()
  void repeat(prune, () => interval * 1_000, stopped.signal)
  return () => stopped.abort()
}
