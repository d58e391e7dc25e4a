import type { Job } from '../job.ts'

/** The jobs, by id, that the consumer has been told of and that a reorg can still take back. */
export type Known = Map<string, Job>
export interface Change {
  type: 'job_created' | 'job_removed'
  data: Job
}

// What the log says. The rest may be filled in later without the job being another one.
const CHAIN_FIELDS = [
  'clientId',
  'strategyType',
  'verificationLevel',
  'budget',
  'onchainDeadline',
  'onchainCreatedAt',
  'creationTxHash',
  'blockNumber',
] as const satisfies readonly (keyof Job)[]

function same(a: Job, b: Job): boolean {
  return CHAIN_FIELDS.every((field) => a[field] === b[field])
}

/** What to tell a consumer of a job that exists: nothing if it knows; first the end of another by that id. */
export function created(known: Known, job: Job): Change[] {
  const before = known.get(job.jobId)
  if (before !== undefined && same(before, job)) return []
  known.set(job.jobId, job)
  const creation: Change = { type: 'job_created', data: job }
  return before === undefined ? [creation] : [{ type: 'job_removed', data: before }, creation]
}

/** What to tell a consumer of a job that is gone: nothing if it knows another by that id, or none. */
export function removed(known: Known, job: Job): Change[] {
  const before = known.get(job.jobId)
  if (before === undefined || !same(before, job)) return []
  known.delete(job.jobId)
  return [{ type: 'job_removed', data: before }]
}

/** Forgets jobs below `floor`. The map is in the order of arrival, nearly that of blocks, so its front goes. */
export function forget(known: Known, floor: bigint): void {
  for (const [jobId, job] of known) {
    if (BigInt(job.blockNumber) >= floor) return
    known.delete(jobId)
  }
}
