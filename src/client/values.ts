import type { Job } from '../job.ts'

/** The budget in 10^-6 USDC, exact. */
export function budgetUnits(job: Pick<Job, 'budget'>): bigint {
  return BigInt(job.budget.replace('.', ''))
}

/** When the job's block was made. */
export function createdAt(job: Pick<Job, 'onchainCreatedAt'>): Date {
  return new Date(Number(job.onchainCreatedAt) * 1000)
}

/** The deadline, or null where a Date cannot hold it: the contract takes any uint256. */
export function deadline(job: Pick<Job, 'onchainDeadline'>): Date | null {
  const date = new Date(Number(job.onchainDeadline) * 1000)
  return Number.isNaN(date.getTime()) ? null : date
}
