import { type SQL, sql } from 'drizzle-orm'
import { condition, type Filter } from '../filter.ts'
import { type HistoryPage, type HistoryQuery, type Place, TOTAL_LIMIT } from '../history.ts'
import { type Job, type JobRecord, statusAtCreation, toJob } from '../job.ts'
import type { Database } from './database.ts'
import { jobs, totals } from './schema.ts'
import { toRecord } from './step.ts'

/** One page of the history, with its total and the feed's position: one statement, one snapshot. */
export async function readHistory(db: Database, query: HistoryQuery): Promise<HistoryPage> {
  // Every job of this index is as it was created.
  const none = query.status !== undefined && !query.status.includes(statusAtCreation)
  const direction = sql.raw(query.order)
  // Left join: the cursor's row comes also where no job does.
  const rows = await db.rows(
    sql`
    select page.*, cursor.last_id, (${none ? sql`select 0` : totalOf(query)}) as total
    from cursor left join (${none ? sql`select * from jobs where false` : pageOf(query)}) page on true
    order by page.block_number ${direction}, page.log_index ${direction}`,
    { planForValues: isMixed(query) },
  )
  const found = rows.filter((row) => row.block_number !== null).map(toRecord)
  const shown = found.slice(0, query.limit)
  return {
    jobs: shown.map(toJob),
    total: Number(rows[0]?.total),
    next: found.length > shown.length ? placeOf(shown.at(-1) as JobRecord) : null,
    lastId: Number(rows[0]?.last_id),
  }
}

/**
 * Rows are fetched in one of these numbers, one at least more than a page shows. A number in the text lets Postgres see what a
 * plan for any values costs, so that it keeps it; and few texts are few statements to keep.
 */
const FETCHED = [21, 51, 101]

/** The rows of a page, and at least one more where there is a next page. */
function pageOf(query: HistoryQuery): SQL {
  const { offset, limit } = query
  const count = FETCHED.find((rows) => rows > limit) as number
  const last = offset === 0 ? sql.raw(`${count}`) : sql`${offset + count}::int`
  const cut = sql`${inOrder(query)} limit ${sql.raw(`${count}`)} ${offset === 0 ? sql`` : sql`offset ${offset}::int`}`
  if (isMixed(query) || (isPlain(query) && offset === 0))
    return sql`select * from jobs where ${within(rangeOf(query))} ${also(condition(query, jobs))} ${cut}`
  // Passing over places is cheaper than passing over rows.
  return sql`
    select job.* from (select block_number, log_index from ${places(query, rangeOf(query), last)} ${cut}) place
    cross join lateral (
      select * from jobs where block_number = place.block_number and log_index = place.log_index limit 1) job`
}

/** See {@link TOTAL_LIMIT}. */
function totalOf(query: HistoryQuery): SQL {
  const { clientId, strategyType, verificationLevel, fromBlock, toBlock } = query
  const ranged = fromBlock !== undefined || toBlock !== undefined
  if (!ranged && !clientId && !hasBudget(query))
    return sql`select coalesce(sum(jobs), 0) from totals where true ${also(kindCondition(query))}`
  const range = rangeOf({ ...query, after: undefined })
  const most = sql.raw(`${TOTAL_LIMIT + 1}`)
  const onlyBudget = !ranged && !clientId && !strategyType && !verificationLevel
  const counted = !isMixed(query)
    ? places(query, range, most)
    : onlyBudget
      ? sql`jobs where ${condition(query, jobs)} order by budget`
      : sql`jobs where ${within(range)} ${also(condition(query, jobs))} ${inOrder(query)}`
  return sql`select count(*) from (select 1 from ${counted} limit ${most}) counted`
}

/**
 * The places of the jobs of a query that is not mixed, at least its first `limit` ones. One walk of an index for each
 * client, or for each pair of enum values there is, none longer than `limit`: the same cost whether the jobs wanted are
 * many or few. The order by names the index's columns, so that no other index can look cheaper to a plan without values.
 */
function places(query: HistoryQuery, range: Range, limit: SQL): SQL {
  const direction = sql.raw(query.order)
  if (query.clientId)
    return sql`unnest(${`{${[...new Set(query.clientId)].join(',')}}`}::text::numeric[]) client (id) cross join lateral (
      select block_number, log_index from jobs
      where ${within(range, { columns: 'client_id,', values: 'client.id,' })}
      order by client_id ${direction}, block_number ${direction}, log_index ${direction} limit ${limit}) place`
  if (!isPlain(query))
    return sql`(
      select strategy_type as strategy, verification_level as level from totals
      where jobs > 0 ${also(kindCondition(query))}) kind cross join lateral (
      select block_number, log_index from jobs
      where ${within(range, { columns: 'strategy_type, verification_level,', values: 'kind.strategy, kind.level,' })}
      order by strategy_type ${direction}, verification_level ${direction}, block_number ${direction},
        log_index ${direction} limit ${limit}) place`
  return sql`(
    select block_number, log_index from jobs where ${within(range)} ${inOrder(query)} limit ${limit}) place`
}

function inOrder({ order }: HistoryQuery): SQL {
  const direction = sql.raw(order)
  return sql`order by block_number ${direction}, log_index ${direction}`
}

/** What lies between two places, both exclusive. */
interface Range {
  low: Place
  high: Place
}

const LAST_BLOCK = Number.MAX_SAFE_INTEGER
const LAST_LOG = 2 ** 31 - 1

function rangeOf({ fromBlock = 0, toBlock = LAST_BLOCK, after, order }: HistoryQuery): Range {
  const low = { blockNumber: fromBlock, logIndex: -1 }
  const high = { blockNumber: toBlock, logIndex: LAST_LOG }
  if (!after) return { low, high }
  if (order === 'asc') return { low: isBefore(low, after) ? after : low, high }
  return { low, high: isBefore(after, high) ? after : high }
}

function isBefore(a: Place, b: Place): boolean {
  return a.blockNumber < b.blockNumber || (a.blockNumber === b.blockNumber && a.logIndex < b.logIndex)
}

/** A range of an index: row comparisons are its bounds, where `lead` names the columns before the place and their values. */
function within({ low, high }: Range, lead = { columns: '', values: '' }): SQL {
  const columns = sql.raw(`(${lead.columns} block_number, log_index)`)
  const bound = (place: Place) =>
    sql`(${sql.raw(lead.values)} ${place.blockNumber}::bigint, ${place.logIndex}::int)`
  return sql`${columns} > ${bound(low)} and ${columns} < ${bound(high)}`
}

function also(more: SQL | undefined): SQL {
  return more ? sql`and ${more}` : sql``
}

/** No filter but blocks. */
function isPlain({ clientId, strategyType, verificationLevel, ...rest }: Filter): boolean {
  return !clientId && !strategyType && !verificationLevel && !hasBudget(rest)
}

/**
 * No one index has the order and all that is asked for, and which one leaves the least to look at, only the values tell:
 * a budget, or clients and enums together.
 */
function isMixed(query: Filter): boolean {
  const { clientId, strategyType, verificationLevel } = query
  return hasBudget(query) || Boolean(clientId && (strategyType || verificationLevel))
}

function hasBudget({ minBudget, maxBudget }: Filter): boolean {
  return minBudget !== undefined || maxBudget !== undefined
}

/** The enums' part of a filter, on the tallies. */
function kindCondition({
  clientId: _,
  minBudget: _min,
  maxBudget: _max,
  ...kind
}: HistoryQuery): SQL | undefined {
  return condition(kind, { ...totals, clientId: jobs.clientId })
}

function placeOf({ blockNumber, logIndex }: JobRecord): Place {
  return { blockNumber, logIndex }
}

/** The job of an id; the first log, where a contract used an id twice. */
export async function readJob(db: Database, jobId: string): Promise<Job | null> {
  const [row] = await db.rows(sql`
    select * from jobs where job_id = ${jobId}::text::numeric order by block_number, log_index limit 1`)
  return row ? toJob(toRecord(row)) : null
}
