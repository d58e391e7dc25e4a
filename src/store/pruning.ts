import type { Logger } from 'pino'
import { messageOf } from '../messages.ts'
import type { Database } from './database.ts'
import { pruneFeed } from './feed.ts'

/** Retention if streams cannot be resumed: the processes of a cluster still read new entries from the store. */
const UNRESUMABLE_RETENTION_SECONDS = 60
/** The feed is pruned at least this often, so that each deletion is small. */
const LONGEST_INTERVAL_SECONDS = 30

/**
 * Prunes the feed regularly.
 * @param retentionSeconds 0 if streams cannot be resumed
 * @returns a function that stops it
 */
export function startPruning(db: Database, retentionSeconds: number, log: Logger): () => void {
  const retention = retentionSeconds || UNRESUMABLE_RETENTION_SECONDS
  const interval = Math.min(LONGEST_INTERVAL_SECONDS, Math.max(1, retention / 4))
  const timer = setInterval(() => {
    pruneFeed(db, retention).catch((error) => log.debug(`the feed was not pruned: ${messageOf(error)}`))
  }, interval * 1_000)
  return () => clearInterval(timer)
}
