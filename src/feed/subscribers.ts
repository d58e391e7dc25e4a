import type { Socket } from 'node:net'
import type { EventFilter, FilterGroup } from './batch.ts'

/** One stream: a position in the feed, and no queue. */
export interface Subscriber {
  socket: Socket
  group: FilterGroup
  /** id of the last event that was written to it, or that did not pass its filter */
  position: number
  /**
   * performance.now() when its socket became full or, if later, when its client was seen to take bytes; 0 while the socket
   * takes bytes
   */
  stalledAt: number
  /** bytes its client had not acknowledged at the last check since it stalled; undefined before the first check */
  unsent: number | undefined
  /** performance.now() of the last write */
  wroteAt: number
  /** whether the next walk serves it */
  queued: boolean
  /** whether it waits for a page from the store */
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
