import { setImmediate } from 'node:timers/promises'
import type { Metrics } from '../observe/metrics.ts'
import type { FilterGroup } from './batch.ts'
import type { Feed } from './feed.ts'
import type { Subscriber } from './subscribers.ts'

/**
 * Milliseconds after which a loop over subscribers yields to the event loop. REST must not wait for
 * 10,000 writes.
 */
const SLICE_MS = 1

/** State of the walk: it visits the queued subscribers and writes to each the events after its position. */
export interface Walk {
  feed: Feed
  metrics: Pick<Metrics, 'delivered' | 'streamBytes' | 'streamsDisconnected'>
  subscribers: Set<Subscriber>
  /** bytes at which a batch ends */
  batchBytes: number
  /**
   * The subscribers to visit; one that is no longer `queued` is skipped. It is an array with a flag, because
   * a Set would grow and shrink with every event, which costs 3 % of a delivery.
   */
  queue: Subscriber[]
  walking: boolean
  /** the subscribers whose next events must be read from the store, because their position is no longer in memory */
  needingStore: Set<Subscriber>
  /** whether such a read is under way */
  isReadingStore: boolean
  groupsWithBatch: FilterGroup[]
  /** performance.now() */
  sliceStartedAt: number
  /** Counted until flushCounts(): a metric for each delivery would cost as much as several deliveries. */
  eventsWritten: number
  bytesWritten: number
}

export function createWalk(options: Pick<Walk, 'feed' | 'metrics' | 'subscribers' | 'batchBytes'>): Walk {
  return {
    ...options,
    queue: [],
    walking: false,
    needingStore: new Set(),
    isReadingStore: false,
    groupsWithBatch: [],
    sliceStartedAt: performance.now(),
    eventsWritten: 0,
    bytesWritten: 0,
  }
}

/** Writes to a subscriber's socket. A full socket buffers the bytes. */
export function write(walk: Walk, subscriber: Subscriber, bytes: Buffer): void {
  subscriber.wroteAt = walk.sliceStartedAt
  walk.bytesWritten += bytes.length
  if (!subscriber.socket.write(bytes)) subscriber.noProgressSince = walk.sliceStartedAt
}

/** Ends the stream of a client that reads nothing, or whose next events the store no longer keeps. */
export function disconnect(walk: Walk, subscriber: Subscriber, reason: 'stalled' | 'too_far_behind'): void {
  walk.metrics.streamsDisconnected.inc({ reason })
  subscriber.end(reason === 'stalled' ? 'reset' : 'cleanly')
}

export function isSliceOver(walk: Walk): boolean {
  return performance.now() - walk.sliceStartedAt > SLICE_MS
}

/** Yields to the event loop, then begins the next slice. */
export async function nextSlice(walk: Walk): Promise<void> {
  flushCounts(walk)
  await setImmediate()
  walk.sliceStartedAt = performance.now()
}

/** Adds the events and bytes written since the last call to the metrics. */
export function flushCounts(walk: Walk): void {
  walk.metrics.delivered.inc(walk.eventsWritten)
  walk.metrics.streamBytes.inc(walk.bytesWritten)
  walk.eventsWritten = 0
  walk.bytesWritten = 0
}
