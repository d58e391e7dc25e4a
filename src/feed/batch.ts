import type { FeedEvent, JobEvent } from './event.ts'
import { bytesFor } from './frames.ts'

/** Selects the events that a stream carries. */
export interface EventFilter {
  /** equal for filters that pass the same events */
  key: string
  passes(event: JobEvent): boolean
}

/** The subscribers with the same filter and encoding. Those at the same position are sent the same batch. */
export interface FilterGroup {
  key: string
  filter: EventFilter
  /** whether bytes are sent as HTTP/1.1 chunks */
  chunked: boolean
  members: number
  /** latest batch, kept during a walk if there are several members */
  batch: Batch | undefined
}

/** Consecutive events of the feed, encoded for one group. */
export interface Batch {
  /** position before its first event: the id that a subscriber has before the batch */
  from: number
  /** position after its last event: that event's id */
  to: number
  /** null if no event passes the filter */
  bytes: Buffer | null
  /** events that pass the filter */
  count: number
}

/** Builds a batch of consecutive events. It ends early when it holds `fullAtBytes` or more. */
export function buildBatch(
  group: FilterGroup,
  from: number,
  events: FeedEvent[],
  fullAtBytes: number,
): Batch {
  const { filter, chunked } = group
  const parts: Buffer[] = []
  let length = 0
  let to = from
  for (const event of events) {
    to = event.id
    if (event.type === 'jump' || !filter.passes(event)) continue
    const part = bytesFor(chunked, event.chunk)
    parts.push(part)
    length += part.length
    if (length >= fullAtBytes) break
  }
  const [first = null] = parts
  return { from, to, bytes: parts.length > 1 ? Buffer.concat(parts, length) : first, count: parts.length }
}
