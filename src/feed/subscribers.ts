import type { Socket } from 'node:net'
import type { EventFilter, FilterGroup } from './batch.ts'

/** One stream: a position in the feed, and no queue. */
export interface Subscriber {
  socket: Socket
  group: FilterGroup
  /** id of the newest event that was written to it or filtered out */
  position: number
  /**
   * 0 while its socket takes bytes; else the performance.now() when the socket became full, or when its client was last seen
   * to take bytes
   */
  stalledAt: number
  /** bytes its client had not acknowledged at the last check since it stalled; undefined before the first check */
  unsent: number | undefined
  /** performance.now() of the last write */
  wroteAt: number
  /** true while it is due in the next walk */
  queued: boolean
  /** true while it waits for a page of the store */
  waiting: boolean
  end: NewSubscriber['end']
}

export interface NewSubscriber {
  socket: Socket
  filter: EventFilter
  /** false for HTTP/1.0, which has no chunks */
  chunked: boolean
  /** the id after which it begins */
  position: number
  /** text of the first frame */
  first: string
  /** Ends the stream: cleanly, or by a reset if the client takes no bytes. */
  end(how: 'cleanly' | 'reset'): void
}

/** The open streams, grouped by filter. */
export function createSubscribers() {
  const all = new Set<Subscriber>()
  const groups = new Map<string, FilterGroup>()
  return {
    all,
    add({ socket, filter, chunked, position, end }: NewSubscriber): Subscriber {
      const key = `${filter.key}${chunked ? '' : ' plain'}`
      const group = groups.get(key) ?? { key, filter, chunked, members: 0 }
      groups.set(key, group)
      group.members++
      const subscriber = {
        socket,
        group,
        position,
        stalledAt: 0,
        unsent: undefined,
        wroteAt: 0,
        queued: false,
        waiting: false,
        end,
      }
      all.add(subscriber)
      return subscriber
    },
    remove(subscriber: Subscriber): void {
      const { group } = subscriber
      subscriber.queued = false
      if (all.delete(subscriber) && --group.members === 0) groups.delete(group.key)
    },
  }
}
