import type { Socket } from 'node:net'
import type { EventFilter, FilterGroup } from './batch.ts'
import type { Feed } from './feed.ts'

/** One stream. It has a position in the feed instead of a queue. */
export interface Subscriber extends Pick<NewSubscriber, 'socket' | 'end'> {
  group: FilterGroup
  /** id of the newest event that was written to it or filtered out */
  position: number
  /**
   * performance.now() when its socket became full, or when its client was last seen to read bytes; 0 while it
   * is not full
   */
  noProgressSince: number
  /**
   * bytes that its client had not acknowledged at the last check; undefined before the first check after the
   * socket became full
   */
  unsent: number | undefined
  /** performance.now() of the last write */
  wroteAt: number
  /** true if the stream began below the feed's last id, until a ping has reported that it has caught up */
  catchingUp: boolean
  /** true while it is queued for the next walk */
  queued: boolean
  /** true while it waits for a read of the store */
  waiting: boolean
}

export interface NewSubscriber {
  socket: Socket
  filter: EventFilter
  /** false for HTTP/1.0, which has no chunks */
  chunked: boolean
  /** id of the event after which the stream begins */
  position: number
  /** text of the first frame */
  first: string
  /** Ends the stream: cleanly, or by a reset if the client reads nothing. */
  end(how: 'cleanly' | 'reset'): void
}

/** Returns whether events of the feed are left to send to a stream, or to filter out. */
export function isBehind(feed: Feed, { position }: Subscriber): boolean {
  return position < (feed.lastId() ?? 0)
}

/** Creates the set of open streams, grouped by filter. */
export function createSubscribers() {
  const all = new Set<Subscriber>()
  const groups = new Map<string, FilterGroup>()
  return {
    all,
    add({ socket, filter, chunked, position, end }: NewSubscriber): Subscriber {
      const key = `${filter.key}${chunked ? '' : ' plain'}`
      const group = groups.get(key) ?? { key, filter, chunked, members: 0, batch: undefined }
      groups.set(key, group)
      group.members++
      const subscriber = {
        socket,
        group,
        position,
        noProgressSince: 0,
        unsent: undefined,
        wroteAt: 0,
        catchingUp: false,
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
