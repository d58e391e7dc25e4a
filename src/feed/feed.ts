import type { Logger } from 'pino'
import { messageOf } from '../messages.ts'
import { repeat } from '../repeat.ts'
import type { FeedEntry } from '../store/feed.ts'
import type { FeedPosition } from '../store/notifications.ts'
import { continues, type FeedEvent, feedEventOf } from './event.ts'
import { createMutex } from './mutex.ts'
import {
  appendOwn,
  type FeedReader,
  type FeedWatcher,
  fetchCommitted,
  noteCommitted,
  refreshState,
} from './reader.ts'
import type { FeedStore } from './store.ts'
import { countAfter, eventsAfter } from './tail.ts'

/**
 * Number of events to keep in memory. The tail grows to 1.5 times as many before it is trimmed. They take 8
 * to 12 MB, and are enough for the clients that reconnect after a restart.
 */
const TAIL_EVENTS = 8_192
/**
 * Maximum bytes of the frames to keep in memory: with long texts, 8,192 would take 128 MB. An event takes some
 * three times the bytes of its frame, because its job is kept too, before and after the change.
 */
const TAIL_BYTES = 16 * 2 ** 20
/** Entries read from the store by one query: about 1 MB. */
const ENTRIES_PER_READ = 1_000
/** Average interval of the poll. An event whose notification is lost is at most 1.25 times this late. */
const POLL_MS = 1_000

/**
 * Keeps the newest events of the feed in memory. It reads the store when a commit is notified, and about once
 * a second in case a notification is lost. An indexer in the same process gives it the entries of each step,
 * so that they need not be read.
 */
export function openFeed(
  store: FeedStore,
  log: Logger,
  { tailEvents = TAIL_EVENTS, entriesPerRead = ENTRIES_PER_READ } = {},
) {
  const tail = { events: [], bytes: 0, lastId: null, capacity: { events: tailEvents, bytes: TAIL_BYTES } }
  const reader: FeedReader = {
    store,
    log,
    tail,
    entriesPerRead,
    indexed: { blockNumber: 0, finalizedNumber: 0 },
    committedId: 0,
    watchers: [],
  }
  const closed = new AbortController()
  const exclusive = createMutex()
  const attempt = logFailures(log, closed.signal)
  const fetchNew = exclusive(() => fetchCommitted(reader))
  const refresh = exclusive(() => refreshState(reader))

  /**
   * Takes a commit. A notified commit has no entries; a commit of this process's indexer has them. Entries that
   * continue the tail are sent at once. Any others are read from the store.
   */
  function takeCommit(position: FeedPosition, entries: FeedEntry[] = []): void {
    noteCommitted(reader, position)
    appendOwn(reader, entries)
    if (reader.tail.lastId === null || position.lastId > reader.tail.lastId) void attempt(fetchNew)
  }

  // Jitter, so that the processes of a cluster do not all query at the same time.
  const pauseMs = () => POLL_MS * (0.75 + Math.random() / 2)
  void repeat(() => attempt(refresh), pauseMs, closed.signal)
  store
    .listen(takeCommit, () => void attempt(refresh))
    .catch((error) =>
      log.warn(`cannot listen for notifications; new events are found by polling: ${messageOf(error)}`),
    )
  return {
    /**
     * Returns the id of the newest event; null before the store was first read, and while the tail is read again.
     */
    lastId: () => reader.tail.lastId,
    indexed: () => reader.indexed,
    /**
     * Returns at most `limit` events after an id, from memory.
     * @returns undefined if memory does not reach back to the id, or if the id is not of this feed
     */
    recent: (id: number, limit: number) => eventsAfter(reader.tail, id, limit),
    /** Returns the number of events in memory after an id. */
    countAfter: (id: number) => countAfter(reader.tail, id),
    /**
     * Reads at most `limit` events after an id from the store.
     * @returns null if no event follows the id, if the store no longer has all of them, or if the id is not of
     * this feed
     */
    async stored(id: number, limit: number): Promise<FeedEvent[] | null> {
      const found = (await store.read(id, limit)).map(feedEventOf)
      return found.length > 0 && continues(id, found) ? found : null
    },
    /**
     * Reads the new events from the store, in case this process has not been notified of them yet. Calls share
     * a read that has not begun.
     */
    refresh,
    takeCommit,
    watch: (watcher: FeedWatcher) => void reader.watchers.push(watcher),
    /**
     * Stops the poll. Commits that are notified are still read, until the database is closed. The events in
     * memory stay.
     */
    close: () => closed.abort(),
  }
}

/** The feed, as far as this process has read it. */
export type Feed = ReturnType<typeof openFeed>

/**
 * Returns a function that runs a read of the store. It logs the first of several failures, and the first
 * success after them.
 */
function logFailures(log: Logger, closed: AbortSignal): (read: () => Promise<void>) => Promise<void> {
  let failing = false
  return async (read) => {
    try {
      await read()
      if (failing) log.info('the feed can read the database again')
      failing = false
    } catch (error) {
      if (!failing && !closed.aborted)
        log.warn(`the feed cannot read the database, will retry: ${messageOf(error)}`)
      failing = true
    }
  }
}
