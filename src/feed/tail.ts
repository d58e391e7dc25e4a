import type { FeedEvent } from './event.ts'

/** The newest events of the feed, in memory. */
export interface Tail {
  /** consecutive, oldest first; at most 1.5 times the capacity */
  events: FeedEvent[]
  /** newest feed id that was read; null before the first read */
  lastId: number | null
  capacity: number
}

/** Appends events that continue the tail. */
export function append(tail: Tail, next: FeedEvent[]): void {
  tail.events.push(...next)
  tail.lastId = next.at(-1)?.id ?? tail.lastId
  // Trimming copies the events that stay, so it is not done for each event.
  if (tail.events.length > 1.5 * tail.capacity) tail.events = tail.events.slice(-tail.capacity)
}

/** Drops the events that the store has pruned, so that all processes resume from the same ids. */
export function dropPruned(tail: Tail, prunedId: number): void {
  const [oldest] = tail.events
  if (oldest && oldest.id <= prunedId) tail.events = tail.events.slice(indexAfter(tail, prunedId))
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
