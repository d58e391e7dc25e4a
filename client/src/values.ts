import type { JobBase } from './job.ts'

/** Returns an amount as an exact count of its smallest unit: `100500000n` for `'100.500000'`. */
export function units(amount: string): bigint {
  return BigInt(amount.replace('.', ''))
}

/**
 * Returns Unix seconds of the chain as a Date. Null if a Date cannot hold them: a contract may store any
 * uint256.
 */
export function chainTime(seconds: string): Date | null {
  const date = new Date(Number(seconds) * 1000)
  return Number.isNaN(date.getTime()) ? null : date
}

/** Returns the time of the block with the job's creating log. A Date holds the time of every block. */
export function createdAt(job: Pick<JobBase, 'onchainCreatedAt'>): Date {
  return new Date(Number(job.onchainCreatedAt) * 1000)
}
