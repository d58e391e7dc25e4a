import type { Logger } from 'pino'
import type { FeedEntry } from '../store/feed.ts'
import type { FeedPosition } from '../store/notifications.ts'
import { continues, type FeedEvent, feedEventOf } from './event.ts'
import { type Indexed, indexedOf } from './freshness.ts'
import type { FeedState, FeedStore } from './store.ts'
import { append, dropPruned, replaceEvents, type Tail } from './tail.ts'

export interface FeedWatcher {
  /** Called after events were appended, and after the tail was read from the store. */
  onChange(): void
  /**
   * Called when the store's entries do not continue those in memory: the database was rebuilt or restored, or
   * entries were pruned before this process read them.
   */
  onTailReplaced(): void
}

/**
 * State of the reads from the store into the tail. The reads must not overlap: each compares what it read
 * with the tail, and may replace the tail. Entries may be appended during a read.
 */
export interface FeedReader {
  store: FeedStore
  log: Logger
  /** entries read by one query */
  entriesPerRead: number
  tail: Tail
  indexed: Indexed
  /** newest id that is known to be committed; entries up to it are read into the tail */
  committedId: number
  watchers: FeedWatcher[]
}

/** Reads the state of the feed and the index, then the new entries. */
export async function refreshState(reader: FeedReader): Promise<void> {
  const { tail } = reader
  if (tail.lastId === null) return loadTail(reader)
  const { lastId } = tail
  const state = await reader.store.state()
  // `lastId` is from before the read. An own commit may have been appended since, and `state` may lack it.
  if (state.lastId < lastId || state.prunedId > tail.lastId) return reloadTail(reader)
  noteCommitted(reader, state)
  dropPruned(tail, state.prunedId)
  await fetchCommitted(reader)
}

/**
 * Notes the position of a commit, unless one with a greater id is noted already: answers and notifications may
 * be late. Steps without events have equal ids. Of these, the one that arrives last is noted. If it is the older
 * one, its block numbers are too low until the next poll.
 */
export function noteCommitted(reader: FeedReader, position: FeedPosition | FeedState): void {
  if (position.lastId < reader.committedId) return
  reader.committedId = position.lastId
  reader.indexed = indexedOf(position)
}

/** Reads the committed entries that are not in the tail yet. */
export async function fetchCommitted(reader: FeedReader): Promise<void> {
  const { tail } = reader
  if (tail.lastId === null) return loadTail(reader)
  while (reader.committedId > tail.lastId) {
    const entries = await reader.store.read(tail.lastId, reader.entriesPerRead)
    if (entries.length === 0) {
      // Announced, but not stored: any user of the database can send a notification.
      reader.committedId = tail.lastId
      return
    }
    const { lastId } = tail
    const next = entries.filter(({ id }) => id > lastId).map(feedEventOf)
    if (!continues(lastId, next)) return reloadTail(reader)
    if (next.length > 0) appendNext(reader, next)
  }
}

/**
 * Appends the entries of a commit of this process, if they continue the tail and are no more than a read
 * returns.
 */
export function appendOwn(reader: FeedReader, entries: FeedEntry[]): void {
  const { lastId } = reader.tail
  if (lastId === null || entries[0]?.id !== lastId + 1 || entries.length > reader.entriesPerRead) return
  appendNext(reader, entries.map(feedEventOf))
}

function appendNext({ tail, watchers }: FeedReader, next: FeedEvent[]): void {
  append(tail, next)
  for (const { onChange } of watchers) onChange()
}

/** Fills the tail from the store. */
async function loadTail(reader: FeedReader): Promise<void> {
  const { tail } = reader
  const state = await reader.store.state()
  noteCommitted(reader, state)
  const newest = (await reader.store.readTail(tail.capacity)).map(feedEventOf)
  // Entries committed between the two reads are in the tail already.
  const lastId = Math.max(state.lastId, newest.at(-1)?.id ?? 0)
  replaceEvents(tail, newest, lastId)
  reader.committedId = Math.max(reader.committedId, lastId)
  for (const { onChange } of reader.watchers) onChange()
}

/** Replaces the tail, because the store's entries do not continue it. */
async function reloadTail(reader: FeedReader): Promise<void> {
  reader.log.warn(
    { lastId: reader.tail.lastId },
    'entries of the feed were missed: the database was rebuilt or restored, or they were pruned before this process read them. All streams are ended; clients reconnect, and those with a gap read the history',
  )
  replaceEvents(reader.tail, [], null)
  reader.committedId = 0
  for (const { onTailReplaced } of reader.watchers) onTailReplaced()
  await loadTail(reader)
}
