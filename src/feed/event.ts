import type { Job } from '../contract/job.ts'
import type { FeedEntry } from '../store/feed.ts'
import { encodeChunk, encodeFrame } from './frames.ts'

interface EntryIds {
  id: number
  /** id of the previous entry, which shows whether an entry is missing */
  previousId: number
}

/** A creation, change or removal of a job, parsed and encoded once for all subscribers. */
export interface JobEvent extends EntryIds {
  type: Exclude<FeedEntry['type'], 'jump'>
  job: Job
  /** the job before a job_updated; null for the other types */
  before: Job | null
  /** the SSE frame as one HTTP/1.1 chunk */
  chunk: Buffer
}

/** An entry of the feed. A jump is not sent to clients; it only records the id that it continues. */
export type FeedEvent = JobEvent | (EntryIds & { type: 'jump' })

export function feedEventOf({ id, type, data, before }: FeedEntry): FeedEvent {
  if (type === 'jump') return { id, previousId: Number(data), type }
  const chunk = encodeChunk(encodeFrame({ id, event: type, data }))
  return {
    id,
    previousId: id - 1,
    type,
    job: JSON.parse(data),
    before: before === null ? null : JSON.parse(before),
    chunk,
  }
}

/** Returns whether events follow an id in the feed without a missing entry. */
export function continues(id: number, events: FeedEvent[]): boolean {
  return events.every(({ previousId }, i) => previousId === (events[i - 1]?.id ?? id))
}
