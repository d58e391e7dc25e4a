import type { Database } from '../store/database.ts'
import { type FeedEntry, readFeed, readFeedTail } from '../store/feed.ts'
import { type Commit, listenForCommits } from '../store/notifications.ts'
import { type IndexState, readState } from '../store/state.ts'

/** The feed as the store holds it. */
export interface FeedLog {
  state(): Promise<FeedState>
  /** Reads at most `limit` entries after an id, oldest first. */
  read(afterId: number, limit: number): Promise<FeedEntry[]>
  /** Reads the newest entries, at most `limit`, oldest first. */
  readTail(limit: number): Promise<FeedEntry[]>
  /** Calls `onCommit` for each notified commit, and `onListening` when listening begins or begins again. */
  listen(onCommit: (commit: Commit) => void, onListening: () => void): Promise<void>
}

/** Position of the feed and of the index. */
type FeedState = Pick<IndexState, 'lastId' | 'prunedId' | 'blockNumber' | 'finalizedNumber'>

/** The block indexed last, and the highest block that no reorg can touch. */
export interface Indexed {
  blockNumber: number
  finalizedNumber: number
}

/** Returns the position of the index of a state. A block is 0 while it is unknown. */
export function indexedOf({
  blockNumber,
  finalizedNumber,
}: Pick<FeedState, 'blockNumber' | 'finalizedNumber'>): Indexed {
  const indexed = Math.max(0, blockNumber ?? 0)
  return { blockNumber: indexed, finalizedNumber: Math.min(indexed, finalizedNumber ?? 0) }
}

/** Returns the feed of a database. */
export function feedLog(db: Database): FeedLog {
  return {
    state: () => readState(db),
    read: (afterId, limit) => readFeed(db, afterId, limit),
    readTail: (limit) => readFeedTail(db, limit),
    listen: (onCommit, onListening) => listenForCommits(db, onCommit, onListening),
  }
}
