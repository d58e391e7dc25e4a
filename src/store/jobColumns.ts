import type { Contract } from '../contract/define.ts'
import type { Job } from '../contract/job.ts'
import type { JobWrite } from './writes.ts'

/**
 * Returns the columns of `written` (step.ts) by name, each as a JSON array with one value per job. A first sync writes
 * thousands of jobs in a step, and as columns they cost the database half of what they cost as records.
 */
export function jobColumns(contract: Contract, writes: JobWrite[]): Record<string, string> {
  const jobs = writes.map(({ before, after }) => (before === null ? after : (after ?? before)))
  return {
    block_number: column(writes, ({ blockNumber }) => blockNumber),
    log_index: column(writes, ({ logIndex }) => logIndex),
    job_id: column(jobs, ({ job }) => job.jobId),
    hour: column(jobs, ({ job }) => hourOf(job.onchainCreatedAt)),
    // Each text is JSON already, and Postgres keeps it unchanged.
    data: `[${jobs.map(({ data }) => data).join(',')}]`,
    keys: column(jobs, ({ job }) => keysOf(contract, job)),
    tally_key: column(writes, ({ after }) => after && tallyKeyOf(contract, after.job)),
    amount: column(writes, ({ after }) => after && amountOf(contract, after.job)),
    old_tally_key: column(writes, ({ before }) => before && tallyKeyOf(contract, before.job)),
    old_amount: column(writes, ({ before }) => before && amountOf(contract, before.job)),
  }
}

function column<Write>(writes: Write[], value: (write: Write) => string | number | null): string {
  return JSON.stringify(writes.map(value))
}

/**
 * Returns the values of a job that filters select by, as a Postgres array literal. No value needs escaping,
 * but the text `null` needs quotes.
 */
function keysOf({ keys }: Contract, job: Job): string {
  return `{${keys.map((name) => arrayElement(job[name])).join(',')}}`
}

function arrayElement(value: Job[string] | undefined): string {
  if (value === null || value === undefined) return 'null'
  return /^null$/i.test(String(value)) ? `"${value}"` : String(value)
}

/** Returns the key of a job in the tallies: its status and choices, as a JSON object. */
function tallyKeyOf({ fields }: Contract, job: Job): string {
  const choices = fields.filter(({ kind }) => kind === 'choice')
  return JSON.stringify(Object.fromEntries(choices.map(({ name }) => [name, job[name]])))
}

function amountOf({ sum }: Contract, job: Job): string {
  return sum === undefined ? '0' : String(job[sum.name] ?? 0)
}

/** Returns the unix second at which the hour of a timestamp begins. */
function hourOf(timestamp: string): string {
  return String((BigInt(timestamp) / 3600n) * 3600n)
}
