import { UnavailableError } from '../../errors.ts'
import type { Feed } from '../../feed/feed.ts'

/**
 * Id after which a client wants to continue; `none` if it gave none, `malformed` if the given text is not
 * an id.
 */
export type LastEventId = number | 'none' | 'malformed'

/** Start position of a stream. */
export interface Start {
  /** events with an id greater than this are sent */
  position: number
  /**
   * true if all events after the client's id follow, false if there is a gap, null if the client gave no id
   */
  resumed: boolean | null
}

/**
 * Finds the start position of a stream.
 * @param resumable false if FEED_RETENTION is 0
 * @throws UnavailableError if the database is needed and does not answer
 */
export async function findStart(feed: Feed, lastEventId: LastEventId, resumable: boolean): Promise<Start> {
  const known = feed.lastId()
  // An id greater than the last one known here may have come from another process.
  if (known === null || (typeof lastEventId === 'number' && resumable && lastEventId > known))
    await feed.refresh()
  const last = lastIdOf(feed)
  if (lastEventId === 'none') return { position: last, resumed: null }
  if (lastEventId === 'malformed' || !resumable || lastEventId > last)
    return { position: last, resumed: false }
  if (feed.recent(lastEventId, 1) || (await feed.stored(lastEventId, 1)))
    return { position: lastEventId, resumed: true }
  // The last id is read again, since the feed may have grown.
  return { position: lastIdOf(feed), resumed: false }
}

function lastIdOf(feed: Feed): number {
  const last = feed.lastId()
  if (last === null) throw new UnavailableError('the feed has not been read yet')
  return last
}
