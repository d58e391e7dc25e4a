import type { JobEventType } from './events.ts'
import type { Matcher } from './filter.ts'
import { blockOf, type JobBase } from './job.ts'
import type { KnownJobs } from './known.ts'

/** A job event to yield. `left` is true if the job matched the filter and does no longer. */
export interface Change<J extends JobBase> {
  type: JobEventType
  data: J
  left: boolean
}

/** How far the consumer has been brought. */
export interface Progress<J extends JobBase> {
  known: KnownJobs<J>
  matches: Matcher
  /** first block of the history that is yielded */
  start: bigint
  /** true if no history is yielded */
  latest: boolean
  /** blocks a reorg can reach; undefined if all jobs are kept */
  depth: bigint | undefined
  /** the highest block known to be indexed */
  indexed: bigint
  /** the block up to which everything has been yielded; undefined until history has been read once */
  head: bigint | undefined
  /** first block that is read again after a gap */
  from: bigint
  /** The feed position that the last read of the history began at. Older events of its blocks bring nothing new. */
  readAt: bigint
  /** Jobs that were read at a later position, with that position: older events of them bring nothing new. */
  asOf: Map<string, bigint>
  /** the highest position read at, which the stream has still to reach */
  readEnd: bigint
  /** `latest`: the position at which the known jobs were first read. Events up to it are yielded although they are known. */
  quietEnd: bigint | undefined
}

/** First block of the jobs that a reorg of the blocks up to `head` can remove. */
export function floorOf({ depth, start }: Progress<JobBase>, head: bigint): bigint {
  return depth !== undefined && head - depth > start ? head - depth : start
}

/** Records that a read of the history which began at one position of the feed has come to another. */
export function noteReadFrom(p: Progress<JobBase>, begunAt: bigint, at: bigint): void {
  p.readAt = begunAt
  if (at > p.readEnd) p.readEnd = at
}

/** Records that a job was read at a position of the feed. */
export function noteRead(p: Progress<JobBase>, key: string, at: bigint): void {
  p.asOf.set(key, at)
  if (at > p.readEnd) p.readEnd = at
}

/** Whether the consumer has a newer state of the job than the event `id` of the stream brings. */
export function isOutdated(p: Progress<JobBase>, key: string, id: bigint): boolean {
  if (id > p.readEnd) {
    p.asOf.clear()
    return false
  }
  const readAt = p.asOf.get(key) ?? (blockOf(key) >= p.from ? p.readAt : -1n)
  return id <= readAt
}
