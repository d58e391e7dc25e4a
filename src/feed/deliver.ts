import { type Batch, buildBatch, type FilterGroup } from './batch.ts'
import { isBehind, type Subscriber } from './subscribers.ts'
import { cut, flushCounts, isSliceOver, nextSlice, type Walk, write } from './walk.ts'

/** Events that are read from the tail for one batch. */
const BATCH_EVENTS = 500
/** Events of one page. */
const PAGE_EVENTS = 128
/** Bytes at which the batch of a page ends. Only events with long texts reach it; the rest is read again. */
const PAGE_BYTES = 2 ** 20
/** Pages read at the same time, on the connections of the indexer and the feed. */
const MAX_READERS = 2
/** Delay before a failed read of a page is repeated, whatever is committed meanwhile. */
const RETRY_READ_MS = 1_000

/** Continues a subscriber from its position, unless it was removed. */
export function resume(walk: Walk, subscriber: Subscriber): void {
  if (walk.subscribers.has(subscriber)) enqueue(walk, subscriber)
  void startWalk(walk)
}

/**
 * Continues every subscriber from its position. The first slice runs at once: the feed calls this after an
 * answer of the database, so other tasks have had their turn.
 */
export function resumeAll(walk: Walk): void {
  for (const subscriber of walk.subscribers) enqueue(walk, subscriber)
  void startWalk(walk, { atOnce: true })
}

/**
 * Queues a subscriber for the next walk. If its socket is full or it waits for a page, it is resumed later,
 * when that has ended.
 */
function enqueue({ queue }: Walk, subscriber: Subscriber): void {
  if (subscriber.queued || subscriber.waiting || subscriber.noProgressSince > 0) return
  subscriber.queued = true
  queue.push(subscriber)
}

/** Walks until the queue is empty. With `atOnce`, the first round begins before this function returns. */
async function startWalk(walk: Walk, { atOnce = false } = {}): Promise<void> {
  if (walk.walking) return
  walk.walking = true
  if (atOnce) {
    walk.now = performance.now()
    await deliverAll(walk)
  }
  while (walk.queue.length > 0) {
    // All other rounds begin in a new iteration of the event loop. Otherwise a subscriber with a long backlog,
    // whose socket never fills, would block the event loop.
    await nextSlice(walk)
    await deliverAll(walk)
  }
  walk.walking = false
  for (const group of walk.sharing) group.batch = undefined
  walk.sharing = []
}

/** Visits the queued subscribers once. */
async function deliverAll(walk: Walk): Promise<void> {
  const { queue } = walk
  walk.queue = []
  let served = 0
  for (const subscriber of queue) {
    if (!subscriber.queued) continue
    subscriber.queued = false
    deliverNext(walk, subscriber)
    if ((++served & 15) === 0 && isSliceOver(walk)) await nextSlice(walk)
  }
  flushCounts(walk)
}

function deliverNext(walk: Walk, subscriber: Subscriber): void {
  if (!isBehind(walk.feed, subscriber)) return
  const batch = batchAfter(walk, subscriber.group, subscriber.position)
  if (batch) deliver(walk, subscriber, batch)
  else queuePage(walk, subscriber)
}

/** Returns the batch of a group after a position; undefined if memory does not reach back to the position. */
function batchAfter(walk: Walk, group: FilterGroup, position: number): Batch | undefined {
  if (group.batch?.from === position) return group.batch
  const events = walk.feed.recent(position, BATCH_EVENTS)
  if (!events) return undefined
  const batch = buildBatch(group, position, events, walk.batchBytes)
  if (group.members > 1) {
    if (!group.batch) walk.sharing.push(group)
    group.batch = batch
  }
  return batch
}

/** Writes a batch to a subscriber, and moves its position to the end of the batch. */
function deliver(walk: Walk, subscriber: Subscriber, batch: Batch): void {
  subscriber.position = batch.to
  if (batch.bytes) {
    walk.events += batch.count
    write(walk, subscriber, batch.bytes)
  }
  if (isBehind(walk.feed, subscriber)) enqueue(walk, subscriber)
}

/** Queues a subscriber whose position is no longer in memory. It then gets a page from the store. */
function queuePage(walk: Walk, subscriber: Subscriber): void {
  subscriber.waiting = true
  walk.missed.add(subscriber)
  void readPages(walk)
}

/** Reads a page for each queued subscriber, one after the other. */
async function readPages(walk: Walk): Promise<void> {
  if (walk.readers >= MAX_READERS) return
  walk.readers++
  for (const subscriber of walk.missed) {
    walk.missed.delete(subscriber)
    if (walk.subscribers.has(subscriber)) await readPage(walk, subscriber)
  }
  walk.readers--
}

async function readPage(walk: Walk, subscriber: Subscriber): Promise<void> {
  const { group, position } = subscriber
  const page = await walk.feed.stored(position, PAGE_EVENTS).catch(() => undefined)
  // The poll of the feed logs that the database does not answer.
  if (page === undefined) return void setTimeout(queuePage, RETRY_READ_MS, walk, subscriber).unref()
  subscriber.waiting = false
  if (!walk.subscribers.has(subscriber)) return
  // The store no longer keeps all events after the position.
  if (page === null) return cut(walk, subscriber, 'too_far_behind')
  walk.now = performance.now()
  deliver(walk, subscriber, buildBatch(group, position, page, PAGE_BYTES))
  flushCounts(walk)
  void startWalk(walk)
}
