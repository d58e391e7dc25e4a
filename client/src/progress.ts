import type { JobEventType } from './events.ts'
import type { Matcher } from './filter.ts'
import { blockOf, type JobBase } from './job.ts'
import type { KnownJobs } from './known.ts'

/** A job event to yield. `left`: the job matched the filter, and no longer does. */
export interface Change<J extends JobBase> {
  type: JobEventType
  data: J
  left: boolean
}

/** How far the consumer is. Positions are those of the feed. */
export interface Progress<J extends JobBase> {
  known: KnownJobs<J>
  matches: Matcher
  /** first block of the history that is yielded */
  start: bigint
  /** true if no history is yielded: the first read of it only records the jobs */
  liveOnly: boolean
  /**
   * number of newest blocks whose jobs are kept in full, because a reorg can reach them; undefined if all
   * are kept
   */
  depth: bigint | undefined
  /** the block indexed last, as of the newest event that names one; a reorg or another chain lowers it */
  indexed: bigint
  /**
   * the highest block indexed so far, from which the floor of `known` is computed; undefined before the first
   * read, 0 at first if an earlier run is continued
   */
  highest: bigint | undefined
  /** first block that is read again after a gap */
  from: bigint
  /**
   * position at which the last read of the history began: events up to it bring nothing new for the blocks
   * from `from` on
   */
  readBeganAt: bigint
  /**
   * for each job that was read after `readBeganAt`, the position of that read: events up to it bring nothing
   * new for the job
   */
  jobReadAt: Map<string, bigint>
  /** the highest position of a read; while the stream is below it, no position is safe to resume from */
  readEnd: bigint
  /**
   * if `liveOnly`: position of the last page of the first read. Events up to it are yielded although their
   * jobs are known.
   */
  recordedAt: bigint | undefined
}

/** Returns the first block whose jobs a reorg can remove if `head` is the newest block. */
export function floorOf({ depth, start }: Progress<JobBase>, head: bigint): bigint {
  return depth !== undefined && head - depth > start ? head - depth : start
}

/** Records that a read of the history began at a position. It replaces what earlier reads recorded. */
export function noteReadBegan(progress: Progress<JobBase>, at: bigint): void {
  progress.readBeganAt = at
  progress.jobReadAt.clear()
}

/** Records the position of a page. */
export function notePage(progress: Progress<JobBase>, at: bigint): void {
  if (at > progress.readEnd) progress.readEnd = at
}

/** Records the position at which a job was read. */
export function noteJobRead(progress: Progress<JobBase>, key: string, at: bigint): void {
  progress.jobReadAt.set(key, at)
  notePage(progress, at)
}

/** Returns whether the consumer already has the state of the job that event `id` carries, or a newer one. */
export function isOutdated(progress: Progress<JobBase>, key: string, id: bigint): boolean {
  const readAt = progress.jobReadAt.get(key) ?? (blockOf(key) >= progress.from ? progress.readBeganAt : -1n)
  return id <= readAt
}
