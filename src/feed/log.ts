import type { Database } from '../store/database.ts'
import { type FeedEntry, readFeed, readFeedTail } from '../store/feed.ts'
import { type Commit, listenForCommits } from '../store/notifications.ts'
import { type IndexState, readState } from '../store/state.ts'

/** The feed as the store holds it. */
export interface FeedLog {
  state(): Promise<FeedState>
  /** entries after an id, in order, at most `limit` */
  read(afterId: number, limit: number): Promise<FeedEntry[]>
  /** the newest entries, in order, at most `limit` */
  readTail(limit: number): Promise<FeedEntry[]>
  /** Calls `onCommit` for each notified commit, and `onListening` when listening begins or begins again. */
  listen(onCommit: (commit: Commit) => void, onListening: () => void): Promise<void>
}

/** How far the feed and the index are. */
export type FeedState = Pick<IndexState, 'lastId' | 'prunedId' | 'blockNumber' | 'finalizedNumber'>

/** The block indexed last, and the highest block that no reorg can touch. */
export interface Head {
  blockNumber: number
  finalizedNumber: number
}

/** The head of a state; blocks are 0 while they are unknown. */
export function headOf({
  blockNumber,
  finalizedNumber,
}: Pick<FeedState, 'blockNumber' | 'finalizedNumber'>): Head {
  const indexed = blockNumber ?? 0
  return { blockNumber: indexed, finalizedNumber: Math.min(indexed, finalizedNumber ?? 0) }
}

/** The feed of a database. */
export function feedLog(db: Database): FeedLog {
  return {
    state: () => readState(db),
    read: (afterId, limit) => readFeed(db, afterId, limit),
    readTail: (limit) => readFeedTail(db, limit),
    listen: (onCommit, onListening) => listenForCommits(db, onCommit, onListening),
  }
}
