import type { RpcLog } from 'viem'
import type { Job } from '../contract/job.ts'
import type { FeedEntry } from './feed.ts'
import type { blocks, changes } from './schema.ts'

export type BlockRef = typeof blocks.$inferSelect
/** A log that changed a job. */
export type ChangeWrite = typeof changes.$inferSelect

/** Position of a log in the chain. */
export interface LogPosition {
  blockNumber: number
  logIndex: number
}

/** A job object with the JSON text that is stored and sent. */
export interface StoredJob {
  job: Job
  data: string
}

/** A write to a job that is stored; `after` is null if the step removes the job. */
export type StoredJobWrite = LogPosition & { before: StoredJob; after: StoredJob | null }
/** A write to one job; `before` is null if the step creates the job. */
export type JobWrite = StoredJobWrite | (LogPosition & { before: null; after: StoredJob })

/** A log of the contract that changed nothing. */
export interface UnappliedLog {
  /** the log as the RPC gave it */
  raw: RpcLog
  cause: 'malformed' | 'unknown_job'
  /** the cause in words */
  reason: string
}

/** A move of the cursor with all its writes: forward to a block, or back to an ancestor. */
export interface Step {
  to: BlockRef & { timestamp: string }
  /** blocks to record in the local chain; the last is `to`. Those below the finalized block are not stored */
  blocks: BlockRef[]
  finalizedNumber: number
  /** the chain's head */
  head: { number: number; timestamp: string }
  jobs: JobWrite[]
  changes: ChangeWrite[]
  unapplied: UnappliedLog[]
  /** new feed entries, in order; none while the contract's past is indexed */
  entries: Omit<FeedEntry, 'id'>[]
}
