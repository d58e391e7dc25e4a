import { type Batch, buildBatch, type FilterGroup } from './batch.ts'
import { isBehind, type Subscriber } from './subscribers.ts'
import { disconnect, flushCounts, isSliceOver, nextSlice, type Walk, write } from './walkState.ts'

/**
 * Events that are taken from memory for one batch. Its bytes end it earlier, unless a filter passes few of
 * them. Testing this many takes less than a slice.
 */
const BATCH_EVENTS = 500
/**
 * Events that one read of the store returns for a subscriber whose position is no longer in memory. With
 * typical jobs they have some 80 kB, which is the memory that a slow client costs.
 */
const STORE_READ_EVENTS = 128
/** Bytes at which the batch of such a read ends. Only events with long texts reach it; the rest is read again. */
const STORE_READ_BYTES = 2 ** 20
/** Subscribers that are served between two looks at the clock. They take some 0.1 ms. */
const CLOCK_EVERY = 16
/** Delay before a failed read of the store is repeated, whatever is committed meanwhile. */
const RETRY_READ_MS = 1_000

/** Schedules a subscriber to continue from its position, unless it was removed. */
export function schedule(walk: Walk, subscriber: Subscriber): void {
  if (walk.subscribers.has(subscriber)) enqueue(walk, subscriber)
  void startWalk(walk)
}

/**
 * Schedules every subscriber to continue from its position. The first slice runs at once: the feed calls this
 * after an answer of the database, so other tasks have had their turn.
 */
export function scheduleAll(walk: Walk): void {
  for (const subscriber of walk.subscribers) enqueue(walk, subscriber)
  void startWalk(walk, { immediately: true })
}

/**
 * Queues a subscriber for the next walk. Does nothing if its socket is full or if it waits for a read of the
 * store: the drain or the read continues it.
 */
function enqueue({ queue }: Walk, subscriber: Subscriber): void {
  if (subscriber.queued || subscriber.waiting || subscriber.noProgressSince > 0) return
  subscriber.queued = true
  queue.push(subscriber)
}

/** Walks until the queue is empty. With `immediately`, the first round begins before this function returns. */
async function startWalk(walk: Walk, { immediately = false } = {}): Promise<void> {
  if (walk.walking) return
  walk.walking = true
  if (immediately) {
    walk.sliceStartedAt = performance.now()
    await deliverAll(walk)
  }
  while (walk.queue.length > 0) {
    // All other rounds begin in a new iteration of the event loop. Otherwise a subscriber with a long backlog,
    // whose socket never fills, would block the event loop.
    await nextSlice(walk)
    await deliverAll(walk)
  }
  walk.walking = false
  for (const group of walk.groupsWithBatch) group.batch = undefined
  walk.groupsWithBatch = []
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
    if (++served % CLOCK_EVERY === 0 && isSliceOver(walk)) await nextSlice(walk)
  }
  flushCounts(walk)
}

function deliverNext(walk: Walk, subscriber: Subscriber): void {
  if (!isBehind(walk.feed, subscriber)) return
  const batch = batchAfter(walk, subscriber.group, subscriber.position)
  if (batch) deliver(walk, subscriber, batch)
  else queueStoreRead(walk, subscriber)
}

/** Returns the batch of a group after a position; undefined if memory does not reach back to the position. */
function batchAfter(walk: Walk, group: FilterGroup, position: number): Batch | undefined {
  if (group.batch?.from === position) return group.batch
  const events = walk.feed.recent(position, BATCH_EVENTS)
  if (!events) return undefined
  const batch = buildBatch(group, position, events, walk.batchBytes)
  if (group.members > 1) {
    if (!group.batch) walk.groupsWithBatch.push(group)
    group.batch = batch
  }
  return batch
}

/** Writes a batch to a subscriber, and moves its position to the end of the batch. */
function deliver(walk: Walk, subscriber: Subscriber, batch: Batch): void {
  subscriber.position = batch.to
  if (batch.bytes) {
    walk.eventsWritten += batch.count
    write(walk, subscriber, batch.bytes)
  }
  if (isBehind(walk.feed, subscriber)) enqueue(walk, subscriber)
}

/** Queues a subscriber whose position is no longer in memory. Its next events are read from the store. */
function queueStoreRead(walk: Walk, subscriber: Subscriber): void {
  subscriber.waiting = true
  walk.needingStore.add(subscriber)
  void runStoreReads(walk)
}

/**
 * Reads the next events of each queued subscriber, one subscriber after the other: the indexer's steps use the
 * same two database connections, so these reads use at most one of them.
 */
async function runStoreReads(walk: Walk): Promise<void> {
  if (walk.isReadingStore) return
  walk.isReadingStore = true
  for (const subscriber of walk.needingStore) {
    walk.needingStore.delete(subscriber)
    if (walk.subscribers.has(subscriber)) await readFromStore(walk, subscriber)
  }
  walk.isReadingStore = false
}

async function readFromStore(walk: Walk, subscriber: Subscriber): Promise<void> {
  const { group, position } = subscriber
  const events = await walk.feed.stored(position, STORE_READ_EVENTS).catch(() => undefined)
  // The poll of the feed logs that the database does not answer.
  if (events === undefined) return void setTimeout(queueStoreRead, RETRY_READ_MS, walk, subscriber).unref()
  subscriber.waiting = false
  if (!walk.subscribers.has(subscriber)) return
  // The store no longer keeps all events after the position.
  if (events === null) return disconnect(walk, subscriber, 'too_far_behind')
  walk.sliceStartedAt = performance.now()
  deliver(walk, subscriber, buildBatch(group, position, events, STORE_READ_BYTES))
  flushCounts(walk)
  void startWalk(walk)
}
