import { type SQL, sql } from 'drizzle-orm'
import type { Hex, RpcLog } from 'viem'
import { type JobRecord, toJob } from '../job.ts'
import type { Cursor } from './cursor.ts'
import type { Database, Row } from './database.ts'
import { cursor } from './schema.ts'

/** The channel of the wake: payload `"<last feed id> <block number>"`. */
export const WAKE_CHANNEL = 'jobcast'

export interface BlockRef {
  number: number
  hash: Hex
}

/** Blocks taken onto the local chain, with all their logs. */
export interface Advance {
  to: BlockRef & { timestamp: string }
  /** the new blocks a later reorg may have to walk back over; the last one always among them */
  blocks: BlockRef[]
  finalizedNumber: number
  head: { number: number; timestamp: string }
  /** in chain order */
  jobs: JobRecord[]
  malformed: { log: RpcLog; reason: string }[]
}

/**
 * Moves the cursor forward: jobs, feed entries, local chain, tallies, cursor and wake in one statement.
 * @returns the cursor after it; null, with nothing changed, where another process moved the cursor since it was read
 */
export async function advance(db: Database, from: Cursor, me: string, step: Advance): Promise<Cursor | null> {
  const silent = from.silent && step.to.number < from.feedFromBlock
  // A step is silent or fed as a whole: the indexer cuts its ranges at feedFromBlock.
  const entries = from.silent ? [] : feedEntries('job_created', step.jobs, from.lastId)
  const lastId = from.lastId + entries.length
  const moved = await db.rows(sql`
    with moved as (
      update ${cursor} set
        revision = revision + 1, indexer = ${me}::text, checked_at = clock_timestamp(),
        block_number = ${step.to.number}::bigint, block_hash = ${step.to.hash}::text,
        block_timestamp = ${step.to.timestamp}::text::numeric,
        finalized_number = ${step.finalizedNumber}::bigint, silent = ${silent}::boolean,
        head_number = ${step.head.number}::bigint, head_timestamp = ${step.head.timestamp}::text::numeric,
        last_id = ${lastId}::bigint
      where revision = ${from.revision}::bigint returning 1),
    ${insert('blocks', step.blocks)},
    forgotten as (
      delete from blocks using moved where number < least(${step.finalizedNumber}::bigint, ${step.to.number}::bigint))
    ${step.jobs.length > 0 ? sql`, ${insertJobs(step.jobs)}, ${tally(step.jobs, 1)}` : sql``}
    ${entries.length > 0 ? sql`, ${insert('feed', entries, FEED_COLUMNS)}` : sql``}
    ${step.malformed.length > 0 ? sql`, ${insert('malformed_logs', step.malformed.map(malformedRow))}` : sql``}
    ${wake(lastId, step.to.number)}`)
  if (moved.length === 0) return null
  const { finalizedNumber, to } = step
  const revision = from.revision + 1
  return { ...from, revision, silent, blockNumber: to.number, blockHash: to.hash, finalizedNumber, lastId }
}

/**
 * Takes the local chain back to an ancestor: its jobs go, each with a `job_removed`, newest first.
 * @returns the jobs removed, or null, with nothing changed, where another process moved the cursor
 */
export async function rewind(
  db: Database,
  from: Cursor,
  me: string,
  ancestor: BlockRef & { timestamp: string },
): Promise<JobRecord[] | null> {
  const gone = await jobsAbove(db, ancestor.number)
  const entries = from.silent ? [] : feedEntries('job_removed', gone, from.lastId)
  const lastId = from.lastId + entries.length
  const moved = await db.rows(sql`
    with moved as (
      update ${cursor} set
        revision = revision + 1, indexer = ${me}::text, checked_at = clock_timestamp(),
        block_number = ${ancestor.number}::bigint, block_hash = ${ancestor.hash}::text,
        block_timestamp = ${ancestor.timestamp}::text::numeric, last_id = ${lastId}::bigint
      where revision = ${from.revision}::bigint returning 1),
    -- its hash is new where the branch left below the start block
    the_ancestor as (
      update blocks set hash = ${ancestor.hash}::text from moved where number = ${ancestor.number}::bigint),
    no_blocks as (delete from blocks using moved where number > ${ancestor.number}::bigint),
    no_jobs as (delete from jobs using moved where block_number > ${ancestor.number}::bigint),
    no_malformed as (delete from malformed_logs using moved where block_number > ${ancestor.number}::bigint)
    ${gone.length > 0 ? sql`, ${tally(gone, -1)}` : sql``}
    ${entries.length > 0 ? sql`, ${insert('feed', entries, FEED_COLUMNS)}` : sql``}
    ${wake(lastId, ancestor.number)}`)
  return moved.length > 0 ? gone : null
}

/** The local chain, newest block first. */
export async function readBlocks(db: Database): Promise<BlockRef[]> {
  const rows = await db.rows(sql`select number, hash from blocks order by number desc`)
  return rows.map((row) => ({ number: Number(row.number), hash: row.hash as Hex }))
}

async function jobsAbove(db: Database, blockNumber: number): Promise<JobRecord[]> {
  const rows = await db.rows(sql`
    select * from jobs where block_number > ${blockNumber}::bigint order by block_number desc, log_index desc`)
  return rows.map(toRecord)
}

/** A row of `jobs` as the domain's record. */
export function toRecord(row: Row): JobRecord {
  return {
    jobId: String(row.job_id),
    clientId: String(row.client_id),
    strategyType: Number(row.strategy_type),
    verificationLevel: Number(row.verification_level),
    budget: String(row.budget),
    deadline: String(row.deadline),
    blockNumber: Number(row.block_number),
    blockHash: row.block_hash as Hex,
    blockTimestamp: String(row.block_timestamp),
    logIndex: Number(row.log_index),
    transactionHash: row.transaction_hash as Hex,
  }
}

/** All but created_at, which the database sets. */
const FEED_COLUMNS = ['id', 'type', 'data']

function feedEntries(type: 'job_created' | 'job_removed', jobs: JobRecord[], lastId: number): Row[] {
  return jobs.map((job, i) => ({ id: lastId + 1 + i, type, data: JSON.stringify(toJob(job)) }))
}

/**
 * Rows travel as one JSON parameter named by their columns: a statement of one text whatever their number, which
 * stays prepared. Cast from text, since the drivers would encode a json parameter a second time.
 */
function insert(table: string, rows: object[], columns?: string[], onConflict = sql``): SQL {
  const into = sql.raw(`"${table}"`)
  const list = sql.raw(columns ? `(${columns.join(', ')})` : '')
  const picked = sql.raw(columns ? columns.map((column) => `r.${column}`).join(', ') : 'r.*')
  return sql`${sql.raw(`new_${table}`)} as (
    insert into ${into} ${list}
    select ${picked} from moved, json_populate_recordset(null::${into}, ${JSON.stringify(rows)}::text::json) r ${onConflict})`
}

/** The columns of `jobs`, their types, and where each value comes from. */
const JOB_COLUMNS: [column: string, type: string, field: keyof JobRecord][] = [
  ['block_number', 'bigint', 'blockNumber'],
  ['log_index', 'int', 'logIndex'],
  ['job_id', 'numeric', 'jobId'],
  ['client_id', 'numeric', 'clientId'],
  ['strategy_type', 'smallint', 'strategyType'],
  ['verification_level', 'smallint', 'verificationLevel'],
  ['budget', 'numeric', 'budget'],
  ['deadline', 'numeric', 'deadline'],
  ['block_hash', 'text', 'blockHash'],
  ['block_timestamp', 'numeric', 'blockTimestamp'],
  ['transaction_hash', 'text', 'transactionHash'],
]

/**
 * Jobs come by the thousand in a first sync: they travel by column, which costs the database half of what JSON does.
 * Each column is the text of an array; numbers and hashes need no quoting in it.
 */
function insertJobs(jobs: JobRecord[]): SQL {
  const columns = sql.raw(JOB_COLUMNS.map(([column]) => column).join(', '))
  const values = JOB_COLUMNS.map(
    ([, type, field]) =>
      sql`unnest(${`{${jobs.map((job) => job[field]).join(',')}}`}::text::${sql.raw(type)}[])`,
  )
  return sql`new_jobs as (insert into jobs (${columns}) select ${sql.join(values, sql`, `)} from moved)`
}

function malformedRow({ log, reason }: Advance['malformed'][number]): Row {
  return {
    block_number: Number(log.blockNumber),
    log_index: Number(log.logIndex),
    reason,
    log: JSON.stringify(log),
  }
}

const HOUR = 3600n

/** Adds (sign 1) or takes away (-1) the jobs in `totals` and `hours`. */
function tally(jobs: JobRecord[], sign: 1 | -1): SQL {
  const totals = insert(
    'totals',
    sums(jobs, sign, allTime),
    undefined,
    sql`on conflict (strategy_type, verification_level) do update set
      jobs = totals.jobs + excluded.jobs, budget = totals.budget + excluded.budget`,
  )
  const hours = insert(
    'hours',
    sums(jobs, sign, byHour),
    undefined,
    sql`on conflict (hour, strategy_type) do update set
      jobs = hours.jobs + excluded.jobs, budget = hours.budget + excluded.budget`,
  )
  return sql`${totals}, ${hours}`
}

/** What jobs are summed by: its columns and a job's values. */
interface Key {
  columns: [string, string]
  of(job: JobRecord): [string | number, number]
}

const allTime: Key = {
  columns: ['strategy_type', 'verification_level'],
  of: (job) => [job.strategyType, job.verificationLevel],
}

const byHour: Key = {
  columns: ['hour', 'strategy_type'],
  of(job) {
    const second = BigInt(job.blockTimestamp)
    return [String(second - (second % HOUR)), job.strategyType]
  },
}

function sums(jobs: JobRecord[], sign: 1 | -1, { columns, of }: Key): Row[] {
  const groups = new Map<string, { key: ReturnType<Key['of']>; jobs: number; budget: bigint }>()
  for (const job of jobs) {
    const key = of(job)
    const name = `${key[0]} ${key[1]}`
    let sum = groups.get(name)
    if (!sum) {
      sum = { key, jobs: 0, budget: 0n }
      groups.set(name, sum)
    }
    sum.jobs += sign
    sum.budget += BigInt(sign) * BigInt(job.budget)
  }
  return [...groups.values()].map((sum) => ({
    [columns[0]]: sum.key[0],
    [columns[1]]: sum.key[1],
    jobs: sum.jobs,
    budget: String(sum.budget),
  }))
}

function wake(lastId: number, blockNumber: number): SQL {
  return sql`select pg_notify(${WAKE_CHANNEL}::text, ${`${lastId} ${blockNumber}`}::text) from moved`
}
