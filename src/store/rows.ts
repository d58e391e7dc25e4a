import type { Contract } from '../contract/define.ts'
import type { Job } from '../contract/job.ts'
import type { ChangeWrite, JobWrite, StoredJob, UnappliedLog } from './writes.ts'

/**
 * The columns of `written`. Jobs come by the thousand in a first sync: by column they cost the database half of what they
 * cost as records.
 */
export function jobColumns(contract: Contract, writes: JobWrite[]): string[] {
  const jobs = writes.map(({ before, after }) => (after ?? before) as StoredJob)
  return [
    column(writes, ({ blockNumber }) => blockNumber),
    column(writes, ({ logIndex }) => logIndex),
    column(jobs, ({ job }) => job.jobId),
    column(jobs, ({ job }) => hourOf(job.onchainCreatedAt)),
    // The texts are JSON already, and Postgres keeps each as it stands.
    `[${jobs.map(({ data }) => data).join(',')}]`,
    column(jobs, ({ job }) => keysOf(contract, job)),
    column(writes, ({ after }) => after && kindOf(contract, after.job)),
    column(writes, ({ after }) => after && amountOf(contract, after.job)),
    column(writes, ({ before }) => before && kindOf(contract, before.job)),
    column(writes, ({ before }) => before && amountOf(contract, before.job)),
  ]
}

function column<Row>(rows: Row[], value: (row: Row) => string | number | null): string {
  return JSON.stringify(rows.map(value))
}

/** The values of a job that filters look at, as a Postgres array of text. None of them has a character to escape. */
export function keysOf({ keys }: Contract, job: Job): string {
  return `{${keys.map((name) => textOf(job[name])).join(',')}}`
}

/** An element of a Postgres array. Only a word that reads as null needs quotes. */
function textOf(value: Job[string] | undefined): string {
  if (value === null || value === undefined) return 'null'
  return /^null$/i.test(String(value)) ? `"${value}"` : String(value)
}

/** What a job is counted by: its status and choices, as a JSON object. */
export function kindOf({ fields }: Contract, job: Job): string {
  const kind: Partial<Job> = {}
  for (const field of fields) if (field.kind === 'choice') kind[field.name] = job[field.name] as Job[string]
  return JSON.stringify(kind)
}

function amountOf({ sum }: Contract, job: Job): string {
  return sum === undefined ? '0' : String(job[sum.name] ?? 0)
}

/** The unix second at which the hour of a timestamp begins. */
function hourOf(timestamp: string): string {
  const second = Number(timestamp)
  if (Number.isSafeInteger(second)) return String(second - (second % 3600))
  return String(BigInt(timestamp) - (BigInt(timestamp) % 3600n))
}

export function changeRow({
  blockNumber,
  logIndex,
  job,
  event,
  status,
  timestamp,
  transactionHash,
  before,
}: ChangeWrite) {
  return {
    block_number: blockNumber,
    log_index: logIndex,
    job_block: job.blockNumber,
    job_log: job.logIndex,
    event,
    status,
    timestamp,
    transaction_hash: transactionHash,
    before,
  }
}

export function unappliedRow({ log, reason }: UnappliedLog) {
  const [block_number, log_index] = [Number(log.blockNumber), Number(log.logIndex)]
  return { block_number, log_index, reason, log: JSON.stringify(log) }
}
