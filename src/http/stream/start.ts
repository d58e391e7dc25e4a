import { UnavailableError } from '../../errors.ts'
import type { Feed } from '../../feed/feed.ts'

/** Where a subscription begins. */
export interface Start {
  /** the id behind which it continues */
  position: number
  /** true only where all behind the asked id is still at hand, false where it is not; null where none was asked */
  resumed: boolean | null
}

/**
 * Finds where a subscription begins.
 * @param from what the client asked to continue behind
 * @param resumable false where the feed keeps nothing for clients that come back
 * @throws UnavailableError where that is only known to a database which does not answer
 */
export async function findStart(
  feed: Feed,
  from: number | 'none' | 'malformed',
  resumable: boolean,
): Promise<Start> {
  // An id ahead of ours may be one that another process has given out already.
  if (feed.lastId() === null || (typeof from === 'number' && resumable && from > (feed.lastId() as number)))
    await feed.refresh()
  const last = known(feed)
  if (from === 'none') return { position: last, resumed: null }
  if (from === 'malformed' || !resumable || from > last) return { position: last, resumed: false }
  if (feed.recent(from, 1) || (await feed.stored(from, 1))) return { position: from, resumed: true }
  // The feed may have gone on meanwhile, and the gap ends where the stream begins.
  return { position: known(feed), resumed: false }
}

function known(feed: Feed): number {
  const last = feed.lastId()
  if (last === null) throw new UnavailableError('the feed has not been read yet')
  return last
}
