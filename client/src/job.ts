/** The fields every job has. A contract definition adds its own. */
export interface JobBase {
  jobId: string
  status: string
  /** unix seconds of the block that created the job */
  onchainCreatedAt: string
  creationTxHash: string
  blockNumber: string
}

/**
 * A job of the default definition, `job-registry`. For another definition pass its job as type argument:
 * `follow<JobOf<typeof myContract>>(url)`.
 */
export interface Job extends JobBase {
  clientId: string
  strategyType: 'PROGRAM' | 'RUBRIC' | 'HYBRID' | 'CEX_CAPITAL' | `UNKNOWN_${number}`
  /** 1 = L0 … 4 = L3 */
  verificationLevel: number
  /** USDC with six decimals: `'100.000000'` */
  budget: string
  /** unix seconds */
  onchainDeadline: string
  title: string | null
  description: string | null
  providerId: string | null
  evaluatorId: string | null
}

/**
 * Identifies a job. `jobId` alone does not: a contract may use an id twice, and a reorg may move a job to
 * another block. Two jobs that one transaction creates with one id share the key.
 */
export function jobKey(job: Pick<JobBase, 'jobId' | 'creationTxHash' | 'blockNumber'>): string {
  return `${job.blockNumber}:${job.creationTxHash}:${job.jobId}`
}

/** Returns the block of a {@link jobKey}. */
export function blockOf(key: string): bigint {
  return BigInt(key.slice(0, key.indexOf(':')))
}
