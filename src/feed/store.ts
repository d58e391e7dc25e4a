import type { Database } from '../store/database.ts'
import { readFeed, readFeedTail } from '../store/feed.ts'
import { type FeedPosition, listenForCommits } from '../store/notifications.ts'
import { type IndexState, readState } from '../store/state.ts'

/** Position of the feed and of the index. */
export type FeedState = Pick<IndexState, 'lastId' | 'prunedId' | 'blockNumber' | 'finalizedNumber'>

/** Returns the reads of a database's feed. */
export function feedStore(db: Database) {
  return {
    state: (): Promise<FeedState> => readState(db),
    /** Reads at most `limit` entries after an id, oldest first. */
    read: (afterId: number, limit: number) => readFeed(db, afterId, limit),
    /** Reads the newest entries, oldest first, as many as the limits allow. */
    readTail: (limits: { events: number; bytes: number }) => readFeedTail(db, limits),
    /** Calls `onCommit` for each notified commit, and `onListening` when listening begins or begins again. */
    listen: (onCommit: (position: FeedPosition) => void, onListening: () => void) =>
      listenForCommits(db, onCommit, onListening),
  }
}

/** Reads of the feed from the store. The model in test/ delays each of them. */
export type FeedStore = ReturnType<typeof feedStore>
