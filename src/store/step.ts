import { type SQL, sql } from 'drizzle-orm'
import type { Hex, RpcLog } from 'viem'
import { type JobRecord, toJob } from '../job.ts'
import type { Cursor } from './cursor.ts'
import { type Database, type Row, templates } from './database.ts'
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
  const statement = advancing({
    jobs: step.jobs.length > 0,
    feed: entries.length > 0,
    malformed: step.malformed.length > 0,
  })
  const moved = await db.rows(
    statement({
      ...step.to,
      ...{ me, revision: from.revision, lastId, silent, finalized: step.finalizedNumber },
      headNumber: step.head.number,
      headTimestamp: step.head.timestamp,
      ...columnsOf(step.jobs),
      ...sumsOf(step.jobs, 1),
      blocks: JSON.stringify(step.blocks),
      feed: JSON.stringify(entries),
      malformed_logs: JSON.stringify(step.malformed.map(malformedRow)),
      wake: wakeOf(lastId, step.to.number),
    }),
  )
  if (moved.length === 0) return null
  const { finalizedNumber, to } = step
  const revision = from.revision + 1
  return { ...from, revision, silent, blockNumber: to.number, blockHash: to.hash, finalizedNumber, lastId }
}

const advancing = templates(
  (has: { jobs: boolean; feed: boolean; malformed: boolean }) => sql`
    with moved as (
      update ${cursor} set
        revision = revision + 1, indexer = ${value('me', 'text')}, checked_at = clock_timestamp(), ${place},
        finalized_number = ${value('finalized', 'bigint')}, silent = ${value('silent', 'boolean')},
        head_number = ${value('headNumber', 'bigint')}, head_timestamp = ${value('headTimestamp', 'text::numeric')},
        last_id = ${value('lastId', 'bigint')}
      where revision = ${value('revision', 'bigint')} returning 1),
    ${insert('blocks')},
    forgotten as (
      delete from blocks using moved where number < least(${value('finalized', 'bigint')}, ${value('number', 'bigint')}))
    ${has.jobs ? sql`, ${insertJobs}, ${tally}` : sql``}
    ${has.feed ? sql`, ${insert('feed', { columns: FEED_COLUMNS })}` : sql``}
    ${has.malformed ? sql`, ${insert('malformed_logs')}` : sql``}
    ${wake}`,
)

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
  const statement = rewinding({ jobs: gone.length > 0, feed: entries.length > 0 })
  const moved = await db.rows(
    statement({
      ...ancestor,
      ...{ me, revision: from.revision, lastId },
      ...sumsOf(gone, -1),
      feed: JSON.stringify(entries),
      wake: wakeOf(lastId, ancestor.number),
    }),
  )
  return moved.length > 0 ? gone : null
}

const rewinding = templates(
  (has: { jobs: boolean; feed: boolean }) => sql`
    with moved as (
      update ${cursor} set
        revision = revision + 1, indexer = ${value('me', 'text')}, checked_at = clock_timestamp(), ${place},
        last_id = ${value('lastId', 'bigint')}
      where revision = ${value('revision', 'bigint')} returning 1),
    -- its hash is new where the branch left below the start block
    the_ancestor as (
      update blocks set hash = ${value('hash', 'text')} from moved where number = ${value('number', 'bigint')}),
    no_blocks as (delete from blocks using moved where number > ${value('number', 'bigint')}),
    no_jobs as (delete from jobs using moved where block_number > ${value('number', 'bigint')}),
    no_malformed as (delete from malformed_logs using moved where block_number > ${value('number', 'bigint')})
    ${has.jobs ? sql`, ${tally}` : sql``}
    ${has.feed ? sql`, ${insert('feed', { columns: FEED_COLUMNS })}` : sql``}
    ${wake}`,
)

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

/** A value of a statement, by name. */
function value(name: string, type: string): SQL {
  return sql`${sql.placeholder(name)}::${sql.raw(type)}`
}

/** The cursor's columns of the block it comes to. */
const place = sql`
  block_number = ${value('number', 'bigint')}, block_hash = ${value('hash', 'text')},
  block_timestamp = ${value('timestamp', 'text::numeric')}`

/**
 * Rows travel as one JSON value, named as the table, of objects named by its columns: a statement of one text whatever their
 * number, which stays prepared. Cast from text, since the drivers would encode a json parameter a second time.
 */
function insert(
  table: string,
  { columns, onConflict = sql`` }: { columns?: string[]; onConflict?: SQL } = {},
): SQL {
  const into = sql.raw(`"${table}"`)
  const list = sql.raw(columns ? `(${columns.join(', ')})` : '')
  const picked = sql.raw(columns ? columns.map((column) => `r.${column}`).join(', ') : 'r.*')
  return sql`${sql.raw(`new_${table}`)} as (
    insert into ${into} ${list}
    select ${picked} from moved, json_populate_recordset(null::${into}, ${value(table, 'text::json')}) r ${onConflict})`
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
const insertJobs = sql`new_jobs as (
  insert into jobs (${sql.raw(JOB_COLUMNS.map(([column]) => column).join(', '))})
  select ${sql.join(
    JOB_COLUMNS.map(([column, type]) => sql`unnest(${value(column, `text::${type}[]`)})`),
    sql`, `,
  )} from moved)`

function columnsOf(jobs: JobRecord[]): Record<string, string> {
  return Object.fromEntries(
    JOB_COLUMNS.map(([column, , field]) => [column, `{${jobs.map((job) => job[field]).join(',')}}`]),
  )
}

/** All but created_at, which the database sets. */
const FEED_COLUMNS = ['id', 'type', 'data']

function feedEntries(type: 'job_created' | 'job_removed', jobs: JobRecord[], lastId: number): Row[] {
  return jobs.map((job, i) => ({ id: lastId + 1 + i, type, data: JSON.stringify(toJob(job)) }))
}

function malformedRow({ log, reason }: Advance['malformed'][number]): Row {
  return {
    block_number: Number(log.blockNumber),
    log_index: Number(log.logIndex),
    reason,
    log: JSON.stringify(log),
  }
}

/** Adds the sums to the tallies. */
const tally = sql`
  ${insert('totals', {
    onConflict: sql`on conflict (strategy_type, verification_level) do update set
      jobs = totals.jobs + excluded.jobs, budget = totals.budget + excluded.budget`,
  })},
  ${insert('hours', {
    onConflict: sql`on conflict (hour, strategy_type) do update set
      jobs = hours.jobs + excluded.jobs, budget = hours.budget + excluded.budget`,
  })}`

const wake = sql`select pg_notify(${WAKE_CHANNEL}::text, ${value('wake', 'text')}) from moved`

const HOUR = 3600n

/** What jobs add (sign 1) to `totals` and `hours`, or take away (-1). */
function sumsOf(jobs: JobRecord[], sign: 1 | -1): Record<'totals' | 'hours', string> {
  return {
    totals: JSON.stringify(sums(jobs, sign, allTime)),
    hours: JSON.stringify(sums(jobs, sign, byHour)),
  }
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

function wakeOf(lastId: number, blockNumber: number): string {
  return `${lastId} ${blockNumber}`
}
