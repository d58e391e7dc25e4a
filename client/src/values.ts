import type { JobBase } from './job.ts'

/** An amount such as `'100.500000'` as an exact count of its smallest unit: `100500000n`. */
export function units(amount: string): bigint {
  return BigInt(amount.replace('.', ''))
}

/** Unix seconds of the chain as a Date; null if a Date cannot hold them, since a contract may store any uint256. */
export function chainTime(seconds: string): Date | null {
  const date = new Date(Number(seconds) * 1000)
  return Number.isNaN(date.getTime()) ? null : date
}

/** Time of the block that created the job. */
export function createdAt(job: Pick<JobBase, 'onchainCreatedAt'>): Date {
  return new Date(Number(job.onchainCreatedAt) * 1000)
}
