import type { Ping } from '../events.ts'
import type { Feed, FeedEvent } from './feed.ts'
import { chunkBody, encodeChunk, encodeFrame } from './frames.ts'

/** Which events a stream carries. */
export interface Wanted {
  /** the same for all streams that carry the same */
  key: string
  wants(event: FeedEvent): boolean
}

/** What subscribers of one filter share: the same bytes go to each who stands at the same place. */
export interface Group extends Wanted {
  chunked: boolean
  members: number
  /** the bytes worked out last; kept for the walk under way, and only where there is someone to share them with */
  batch?: Batch | undefined
}

export interface Batch {
  from: number
  /** the position after it */
  to: number
  /** null where the filter takes none of these events */
  bytes: Buffer | null
  count: number
}

/** The events of a page that a group wants, as one Buffer; ends early where that gets longer than `maxBytes`. */
export function build(group: Group, from: number, page: FeedEvent[], maxBytes: number): Batch {
  const wanted: Buffer[] = []
  let length = 0
  let to = from
  for (const event of page) {
    to = event.id
    if (!group.wants(event)) continue
    const bytes = group.chunked ? event.chunk : chunkBody(event.chunk)
    wanted.push(bytes)
    length += bytes.length
    if (length >= maxBytes) break
  }
  const bytes = wanted.length > 1 ? Buffer.concat(wanted, length) : (wanted[0] ?? null)
  return { from, to, bytes, count: wanted.length }
}

/**
 * Pings by position, each made once: with the id up to which that very stream was served, which for all who keep up
 * is the feed's. A client never holds an id of something that is still on its way.
 */
export function pings(feed: Feed): (position: number, chunked: boolean) => Buffer {
  const { blockNumber, finalizedNumber } = feed.head()
  const data = JSON.stringify({
    timestamp: new Date().toISOString(),
    blockNumber: String(blockNumber),
    finalizedBlockNumber: String(finalizedNumber),
  } satisfies Ping)
  const made = new Map<number, Buffer>()
  return (position, chunked) => {
    let chunk = made.get(position)
    if (!chunk) {
      chunk = encodeChunk(encodeFrame({ event: 'ping', id: position, data }))
      made.set(position, chunk)
    }
    return chunked ? chunk : chunkBody(chunk)
  }
}
