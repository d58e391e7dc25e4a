import type { FeedEvent } from './event.ts'

/** The newest events of the feed, in memory. */
export interface Tail {
  /** consecutive, oldest first */
  events: FeedEvent[]
  /** bytes of their frames */
  bytes: number
  /** newest feed id that was read; null before the first read, and while the tail is read again */
  lastId: number | null
  /** events and bytes to keep; before the tail is trimmed, it has at most 1.5 times as many */
  capacity: { events: number; bytes: number }
}

/** Appends events that continue the tail. */
export function append(tail: Tail, next: FeedEvent[]): void {
  const { events, capacity } = tail
  events.push(...next)
  for (const event of next) tail.bytes += bytesOf(event)
  tail.lastId = next.at(-1)?.id ?? tail.lastId
  // Trimming copies the events that stay, so it is not done for each event.
  if (events.length > 1.5 * capacity.events || tail.bytes > 1.5 * capacity.bytes) trim(tail)
}

/** Drops the oldest events, down to the capacity. */
function trim(tail: Tail): void {
  const { events, capacity } = tail
  let dropped = 0
  while (events.length - dropped > capacity.events || tail.bytes > capacity.bytes)
    tail.bytes -= bytesOf(events[dropped++])
  tail.events = events.slice(dropped)
}

function bytesOf(event: FeedEvent | undefined): number {
  return event && event.type !== 'jump' ? event.chunk.length : 0
}

/** Drops the events that the store has pruned, so that all processes resume from the same ids. */
export function dropPruned(tail: Tail, prunedId: number): void {
  const [oldest] = tail.events
  if (oldest && oldest.id <= prunedId)
    replaceEvents(tail, tail.events.slice(indexAfter(tail, prunedId)), tail.lastId)
}

/**
 * Replaces the events, of which the oldest are dropped if they exceed the capacity.
 * @param lastId newest feed id that was read; null if the tail must be read again
 */
export function replaceEvents(tail: Tail, events: FeedEvent[], lastId: number | null): void {
  tail.events = events
  tail.lastId = lastId
  tail.bytes = events.reduce((bytes, event) => bytes + bytesOf(event), 0)
  trim(tail)
}

/**
 * Returns at most `limit` events after an id.
 * @returns undefined if the tail does not reach back to the id, or if the id is not of this feed
 */
export function eventsAfter(tail: Tail, id: number, limit: number): FeedEvent[] | undefined {
  const { events, lastId } = tail
  if (lastId === null || id > lastId) return undefined
  if (id === lastId) return []
  const first = indexAfter(tail, id)
  return events[first]?.previousId === id ? events.slice(first, first + limit) : undefined
}

/** Returns the number of events after an id. */
export function countAfter(tail: Tail, id: number): number {
  return tail.events.length - indexAfter(tail, id)
}

/** Finds the index of the first event after an id by binary search. */
function indexAfter({ events }: Tail, id: number): number {
  let [low, high] = [0, events.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((events[middle]?.id ?? 0) > id) high = middle
    else low = middle + 1
  }
  return low
}
