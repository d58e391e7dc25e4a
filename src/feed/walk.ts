import { setImmediate } from 'node:timers/promises'
import type { Metrics } from '../observe/metrics.ts'
import { type Batch, buildBatch, type FilterGroup } from './batch.ts'
import type { Feed } from './feed.ts'
import type { Subscriber } from './subscribers.ts'

/**
 * Milliseconds after which a loop over subscribers yields to the event loop. REST must not wait for
 * 10,000 writes.
 */
const SLICE_MS = 1
/** Events that are read from the tail for one batch. */
const BATCH_EVENTS = 500

/** State of the walk: it visits the queued subscribers and writes to each the events after its position. */
export interface Walk {
  feed: Feed
  metrics: Pick<Metrics, 'delivered' | 'streamBytes'>
  subscribers: Set<Subscriber>
  /** bytes at which a batch ends */
  batchBytes: number
  /** Called for a subscriber whose position is no longer in memory. */
  onMiss(subscriber: Subscriber): void
  /**
   * The subscribers to visit; one that is no longer `queued` is skipped. It is an array with a flag, because
   * a Set would grow and shrink with every event, which costs 3 % of a delivery.
   */
  queue: Subscriber[]
  walking: boolean
  /** the groups that have a batch now */
  sharing: FilterGroup[]
  /** performance.now() at the beginning of the current slice */
  now: number
  /**
   * events and bytes written since the last flushCounts(): a metric for each delivery would cost as much as
   * some deliveries
   */
  events: number
  bytes: number
}

export function createWalk(
  options: Pick<Walk, 'feed' | 'metrics' | 'subscribers' | 'batchBytes' | 'onMiss'>,
): Walk {
  const idle = { queue: [], walking: false, sharing: [], now: performance.now(), events: 0, bytes: 0 }
  return { ...options, ...idle }
}

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
export async function startWalk(walk: Walk, { atOnce = false } = {}): Promise<void> {
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
  const { group, position } = subscriber
  if (position >= (walk.feed.lastId() ?? 0)) return
  const batch = batchAfter(walk, group, position)
  if (batch) deliver(walk, subscriber, batch)
  else walk.onMiss(subscriber)
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
export function deliver(walk: Walk, subscriber: Subscriber, batch: Batch): void {
  subscriber.position = batch.to
  if (batch.bytes) {
    walk.events += batch.count
    write(walk, subscriber, batch.bytes)
  }
  if (batch.to < (walk.feed.lastId() ?? 0)) enqueue(walk, subscriber)
}

/** Writes to a subscriber's socket. A full socket buffers the bytes. */
export function write(walk: Walk, subscriber: Subscriber, bytes: Buffer): void {
  subscriber.wroteAt = walk.now
  walk.bytes += bytes.length
  if (!subscriber.socket.write(bytes)) subscriber.noProgressSince = walk.now
}

export function isSliceOver(walk: Walk): boolean {
  return performance.now() - walk.now > SLICE_MS
}

/** Yields to the event loop, then begins the next slice. */
export async function nextSlice(walk: Walk): Promise<void> {
  flushCounts(walk)
  await setImmediate()
  walk.now = performance.now()
}

/** Adds the events and bytes written since the last call to the metrics. */
export function flushCounts(walk: Walk): void {
  walk.metrics.delivered.inc(walk.events)
  walk.metrics.streamBytes.inc(walk.bytes)
  walk.events = 0
  walk.bytes = 0
}
