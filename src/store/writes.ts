import type { Hex, RpcLog } from 'viem'
import type { Job } from '../contract/job.ts'
import type { FeedEntry } from './feed.ts'

export interface BlockRef {
  number: number
  hash: Hex
}

/** Position of a log in the chain. */
export interface Position {
  blockNumber: number
  logIndex: number
}

/** A job object with the JSON text that is stored and sent. */
export interface StoredJob {
  job: Job
  data: string
}

/** What a step does to one job: `before` is null if the step creates the job, `after` if it removes it. */
export interface JobWrite extends Position {
  before: StoredJob | null
  after: StoredJob | null
}

/** A log that changed a job. */
export interface ChangeWrite extends Position {
  /** position of the job */
  job: Position
  event: string
  /** status of the job after the log */
  status: string
  /** unix seconds */
  timestamp: string
  transactionHash: Hex
  /** JSON of the job before the log; null if no reorg can reach the log */
  before: string | null
}

/** A log of the contract that changed nothing. */
export interface UnappliedLog {
  log: RpcLog
  cause: 'malformed' | 'unknown_job'
  /** the cause in words */
  reason: string
}

/** A move of the cursor: forward to a block, with everything its logs do, or back to an ancestor. */
export interface Step {
  to: BlockRef & { timestamp: string }
  /** new blocks of the local chain, which a later reorg may walk back over; `to` is always among them */
  blocks: BlockRef[]
  finalizedNumber: number
  /** the chain's head; null keeps the stored one */
  head: { number: number; timestamp: string } | null
  jobs: JobWrite[]
  changes: ChangeWrite[]
  unapplied: UnappliedLog[]
  /** feed entries in order */
  entries: Omit<FeedEntry, 'id'>[]
}
