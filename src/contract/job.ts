import type { Hex, RpcLog } from 'viem'
import type { Kind } from './kind.ts'
import { bytes32, time, uint } from './kinds.ts'
import type { Wire } from './values.ts'

/** The fields every job has. */
export interface JobBase {
  jobId: string
  status: string
  /** unix seconds of the creating log's block */
  onchainCreatedAt: string
  creationTxHash: string
  blockNumber: string
}

/** A job of any contract: the fields every job has, and those of its definition. */
export type Job = JobBase & Record<string, Wire | null>

/** A field of a job. */
export interface Field extends Kind {
  name: string
}

/** The status every job begins with. */
export const FIRST_STATUS = 'OPEN'

/**
 * The fields that come from the block and the transaction of the creating log. They are the last fields of a
 * job unless the definition places them elsewhere.
 */
export const creation = {
  onchainCreatedAt: time({ about: 'timestamp of the block of the creating log', filter: false }),
  creationTxHash: bytes32({ about: 'transaction of the creating log', filter: false }),
  blockNumber: uint({ about: 'block of the creating log', filter: false }),
}

/** Fields of every decoded log. */
interface JobLogBase {
  blockNumber: number
  logIndex: number
  transactionHash: Hex
  /** unix seconds of the block */
  timestamp: string
  /** name of the event */
  event: string
  jobId: string
  /** as the RPC gave it */
  raw: RpcLog
}

/** A decoded log. `job` is the job that it creates, or `set` has the fields that it changes. */
export type JobLog = JobLogBase & ({ job: Job; set: null } | { job: null; set: Partial<Job> })
