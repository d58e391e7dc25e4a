import { and, type SQL, sql } from 'drizzle-orm'
import {
  condition,
  type FilterShape,
  shapeOf as filterShapeOf,
  valuesOf as filterValuesOf,
} from '../filter.ts'
import { type HistoryPage, type HistoryQuery, type Place, TOTAL_LIMIT } from '../history.ts'
import { type Job, type JobRecord, statusAtCreation, toJob } from '../job.ts'
import { type Database, template, templates } from './database.ts'
import { jobs } from './schema.ts'
import { toRecord } from './step.ts'

/** One page of the history, with its total and the feed's position: one statement, one snapshot. */
export async function readHistory(db: Database, query: HistoryQuery): Promise<HistoryPage> {
  const shape = shapeOf(query)
  const statement = templateOf(shape)(valuesOf(query, shape))
  const rows = await db.rows(statement, { planForValues: isMixed(shape) })
  const found = rows.filter((row) => row.block_number !== null).map(toRecord)
  const shown = found.slice(0, query.limit)
  return {
    jobs: shown.map(toJob),
    total: Number(rows[0]?.total),
    next: found.length > shown.length ? placeOf(shown.at(-1) as JobRecord) : null,
    lastId: Number(rows[0]?.last_id),
  }
}

/** What the text of a statement depends on; all else of a query is a value in it. */
interface Shape {
  order: HistoryQuery['order']
  /** rows fetched */
  count: number
  /** whether rows are passed over */
  offset: boolean
  /** whether blocks bound it */
  ranged: boolean
  /** false where no job can have the status wanted */
  some: boolean
  filter: FilterShape
}

/**
 * Rows are fetched in one of these numbers, one at least more than a page shows. A number in the text lets Postgres see what a
 * plan for any values costs, so that it keeps it; and few texts are few statements to keep.
 */
const FETCHED = [21, 51, 101]

function shapeOf(query: HistoryQuery): Shape {
  const { order, limit, offset, fromBlock, toBlock, status } = query
  return {
    order,
    count: FETCHED.find((rows) => rows > limit) as number,
    offset: offset > 0,
    ranged: fromBlock !== undefined || toBlock !== undefined,
    // Every job of this index is as it was created.
    some: status === undefined || status.includes(statusAtCreation),
    filter: filterShapeOf(query),
  }
}

/** Written out: this runs for each request, and names put together would cost it more than all the rest. */
function valuesOf(query: HistoryQuery, { count }: Shape): Record<string, string | number> {
  const total = blocksOf(query)
  const page = behind(total, query)
  return {
    ...filterValuesOf(query),
    clients: listOf(query.clientId),
    strategies: listOf(query.strategyType),
    levels: listOf(query.verificationLevel),
    offset: query.offset,
    last: query.offset + count,
    'page low block': page.low.blockNumber,
    'page low log': page.low.logIndex,
    'page high block': page.high.blockNumber,
    'page high log': page.high.logIndex,
    'total low block': total.low.blockNumber,
    'total low log': total.low.logIndex,
    'total high block': total.high.blockNumber,
    'total high log': total.high.logIndex,
  }
}

/** There are some thousand shapes. */
const templateOf = templates(build)

function build(shape: Shape): SQL {
  const direction = sql.raw(shape.order)
  // Left join: the cursor's row comes also where no job does.
  return sql`
    select page.*, cursor.last_id, (${shape.some ? totalOf(shape) : sql`select 0`}) as total
    from cursor left join (${shape.some ? pageOf(shape) : sql`select * from jobs where false`}) page on true
    order by page.block_number ${direction}, page.log_index ${direction}`
}

/** The rows of a page, and at least one more where there is a next page. */
function pageOf(shape: Shape): SQL {
  const count = sql.raw(`${shape.count}`)
  const offset = shape.offset ? sql`offset ${unseen('offset', 'int')}` : sql``
  const cut = sql`${inOrder(shape)} limit ${count} ${offset}`
  if (isMixed(shape) || (isPlain(shape) && !shape.offset))
    return sql`select * from jobs where ${within('page')} ${also(condition(shape.filter, jobs))} ${cut}`
  // Passing over places is cheaper than passing over rows.
  const last = shape.offset ? unseen('last', 'int') : count
  return sql`
    select job.* from (select block_number, log_index from ${places(shape, 'page', last)} ${cut}) place
    cross join lateral (
      select * from jobs where block_number = place.block_number and log_index = place.log_index limit 1) job`
}

/** See {@link TOTAL_LIMIT}. */
function totalOf(shape: Shape): SQL {
  const { filter, ranged } = shape
  if (!ranged && !filter.clientId && !isMixed(shape))
    return sql`select coalesce(sum(jobs), 0) from totals where true ${also(kindCondition(filter))}`
  const most = sql.raw(`${TOTAL_LIMIT + 1}`)
  const onlyBudget = !ranged && !filter.clientId && !filter.strategyType && !filter.verificationLevel
  const counted = !isMixed(shape)
    ? places(shape, 'total', most)
    : onlyBudget
      ? sql`jobs where ${condition(filter, jobs)} order by budget`
      : sql`jobs where ${within('total')} ${also(condition(filter, jobs))} ${inOrder(shape)}`
  return sql`select count(*) from (select 1 from ${counted} limit ${most}) counted`
}

/**
 * The places of the jobs of a query that is not mixed, at least its first `limit` ones. One walk of an index for each
 * client, for each pair of enum values there is, or for each of both, none longer than `limit`: the same cost whether the
 * jobs wanted are many or few.
 */
function places(shape: Shape, range: RangeName, limit: SQL): SQL {
  const { clientId, strategyType, verificationLevel } = shape.filter
  const from: SQL[] = []
  const lead: Lead[] = []
  if (clientId) {
    from.push(sql`unnest(${unseen('clients', 'numeric[]')}) client (id)`)
    lead.push({ column: 'client_id', value: 'client.id' })
  }
  if (strategyType || verificationLevel) {
    from.push(sql`(
      select strategy_type as strategy, verification_level as level from totals
      where jobs > 0 ${also(kindCondition(shape.filter))}) kind`)
    lead.push({ column: 'strategy_type', value: 'kind.strategy' })
    lead.push({ column: 'verification_level', value: 'kind.level' })
  }
  return sql.join([...from, sql`lateral ${walk(shape, range, limit, lead)}`], sql` cross join `)
}

/** An index's column before the place, and the value it has all along a walk. */
interface Lead {
  column: string
  value: string
}

/**
 * One walk of an index. Row comparisons are its bounds, and the order by names its columns, so that no other index can
 * look cheaper to a plan without values.
 */
function walk({ order }: Shape, range: RangeName, limit: SQL, lead: Lead[]): SQL {
  const columns = [...lead.map(({ column }) => column), 'block_number', 'log_index']
  return sql`(
    select block_number, log_index from jobs where ${within(range, lead)}
    order by ${sql.raw(columns.map((column) => `${column} ${order}`).join(', '))} limit ${limit}) place`
}

function inOrder({ order }: Shape): SQL {
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

function blocksOf({ fromBlock = 0, toBlock = LAST_BLOCK }: HistoryQuery): Range {
  return {
    low: { blockNumber: fromBlock, logIndex: -1 },
    high: { blockNumber: toBlock, logIndex: LAST_LOG },
  }
}

/** A page begins where the page before it ended. */
function behind(range: Range, { after, order }: HistoryQuery): Range {
  if (!after) return range
  const { low, high } = range
  if (order === 'asc') return { low: isBefore(low, after) ? after : low, high }
  return { low, high: isBefore(after, high) ? after : high }
}

function isBefore(a: Place, b: Place): boolean {
  return a.blockNumber < b.blockNumber || (a.blockNumber === b.blockNumber && a.logIndex < b.logIndex)
}

type RangeName = 'page' | 'total'

/** The jobs of a range, of those with the lead's values. */
function within(range: RangeName, lead: Lead[] = []): SQL {
  const columns = sql.raw([...lead.map(({ column }) => column), 'block_number', 'log_index'].join(', '))
  const values = sql.raw(lead.map(({ value }) => `${value}, `).join(''))
  const bound = (end: 'low' | 'high') => {
    const [block, log] = [sql.placeholder(`${range} ${end} block`), sql.placeholder(`${range} ${end} log`)]
    return sql`(${values} ${block}::bigint, ${log}::int)`
  }
  return sql`(${columns}) > ${bound('low')} and (${columns}) < ${bound('high')}`
}

function also(more: SQL | undefined): SQL {
  return more ? sql`and ${more}` : sql``
}

/** No filter but blocks. */
function isPlain({ filter }: Shape): boolean {
  return Object.keys(filter).length === 0
}

/** No one index has a budget and the order: what leaves the least to look at, only the values tell. */
function isMixed({ filter: { minBudget, maxBudget } }: Shape): boolean {
  return minBudget !== undefined || maxBudget !== undefined
}

/** The enums' part of a filter, on the tallies. */
function kindCondition({ strategyType, verificationLevel }: FilterShape): SQL | undefined {
  return and(
    strategyType && sql`strategy_type = any(${unseen('strategies', 'smallint[]')}::smallint[])`,
    verificationLevel && sql`verification_level = any(${unseen('levels', 'smallint[]')}::smallint[])`,
  )
}

/**
 * A value that is hidden from the planner. If it saw how few there are of this query, a plan for it alone would always look
 * cheaper than the one it can keep, and it would plan every query again.
 */
function unseen(name: string, type: string): SQL {
  return sql`(select ${sql.placeholder(name)}::${sql.raw(type)})`
}

function listOf(values: (string | number)[] = []): string {
  return `{${values.join(',')}}`
}

function placeOf({ blockNumber, logIndex }: JobRecord): Place {
  return { blockNumber, logIndex }
}

const jobOfId = template(sql`
  select * from jobs where job_id = ${sql.placeholder('jobId')}::text::numeric order by block_number, log_index limit 1`)

/** The job of an id; the first log, where a contract used an id twice. */
export async function readJob(db: Database, jobId: string): Promise<Job | null> {
  const [row] = await db.rows(jobOfId({ jobId }))
  return row ? toJob(toRecord(row)) : null
}
