import { and, asc, desc, gte, lte, type Placeholder, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Contract } from '../contract/define.ts'
import type { Filter } from '../contract/filters.ts'
import { jobsCondition, totalsCondition } from './conditions.ts'
import { missingCursor } from './cursor.ts'
import { type Database, prepared } from './database.ts'
import { cursor, jobs, totals } from './schema.ts'
import type { Position } from './writes.ts'

/**
 * Largest `total` that is counted row by row; one more means "more than this". Totals from the tallies have
 * no limit.
 */
export const TOTAL_LIMIT = 10_000

/** Selects jobs of the history. */
interface Selection {
  filter: Filter
  fromBlock?: number
  toBlock?: number
}

/** Selects a page of the history. */
export interface HistoryQuery extends Selection {
  order: 'asc' | 'desc'
  limit: number
  /** rows to skip, for pages by number; 0 if `after` is set */
  offset: number
  /** position of the job after which the page begins */
  after?: Position
}

export interface HistoryPage {
  /** JSON of the jobs, separated by commas */
  jobs: string
  /** number of selected jobs on all pages; see {@link TOTAL_LIMIT} */
  total: number
  /** position of the last job of the page; null if no jobs follow */
  next: Position | null
  /** id of the newest feed entry, in the same snapshot as the rows */
  lastId: number
}

/**
 * Reads one page of the history with its total and the newest feed id, in one statement and so from
 * one snapshot.
 */
export async function readHistory(
  db: Database,
  contract: Contract,
  query: HistoryQuery,
): Promise<HistoryPage> {
  const { limit, offset, order, after } = query
  const rows = { limit, fetched: limit + 1, offset }
  const [row] = selectsAll(query)
    ? await (after ? pagesAfter : pages)(db)[order].execute({ ...rows, ...after })
    : await pageQuery(db, contract, query, rows)
  if (!row) throw missingCursor()
  const { jobs, total, found, blockNumber, logIndex, lastId } = row
  return {
    jobs: jobs ?? '',
    total: Number(total),
    next: found > limit ? { blockNumber, logIndex } : null,
    lastId,
  }
}

function selectsAll({ filter, fromBlock, toBlock }: Selection): boolean {
  return filter.length === 0 && fromBlock === undefined && toBlock === undefined
}

/**
 * Queries for pages of all jobs. They stay prepared, because building a query took half of a request's CPU
 * time. A page with a filter or block range is planned for each request: its values decide which index is
 * best.
 */
const pages = prepared((db) => pagesOf(db, 'jobs'))
const pagesAfter = prepared((db) =>
  pagesOf(db, 'jobs_after', {
    blockNumber: sql.placeholder('blockNumber'),
    logIndex: sql.placeholder('logIndex'),
  }),
)

function pagesOf(db: Database, name: string, after?: PageStart) {
  const rows = {
    limit: sql.placeholder('limit'),
    fetched: sql.placeholder('fetched'),
    offset: sql.placeholder('offset'),
  }
  const page = (order: 'asc' | 'desc') =>
    pageQuery(db, { keys: [], fields: [] }, { filter: [], order, after }, rows).prepare(`${name}_${order}`)
  return { asc: page('asc'), desc: page('desc') }
}

type Value = number | Placeholder

interface Rows {
  limit: Value
  /** `limit + 1`: the additional row shows whether another page follows */
  fetched: Value
  offset: Value
}

/** The position after which a page begins. */
type PageStart = Record<keyof Position, Value>

interface Page extends Selection {
  order: 'asc' | 'desc'
  after?: PageStart | undefined
}

type Fields = Pick<Contract, 'keys' | 'fields'>

function pageQuery({ orm }: Database, contract: Fields, query: Page, { limit, fetched, offset }: Rows) {
  const selected = and(jobsCondition(query.filter, contract), ...blockRange(query))
  const direction = query.order === 'asc' ? asc : desc
  const rows = orm
    .select({ blockNumber: jobs.blockNumber, logIndex: jobs.logIndex, data: jobs.data })
    .from(jobs)
    .where(and(selected, afterPosition(query)))
    .orderBy(direction(jobs.blockNumber), direction(jobs.logIndex))
    .limit(fetched)
    .offset(offset)
    .as('rows')
  const first = (column: SQLWrapper) => sql`(array_agg(${column}))[:${limit}::int]`
  const last = (column: SQLWrapper) => sql<number>`(array_agg(${column}))[${limit}::int]`.mapWith(Number)
  // Aggregates keep the order of a sorted subquery (Postgres manual, "Aggregate Functions"). The database
  // joins the JSON texts of the jobs, so that they become the body of the response without being parsed.
  const page = orm
    .select({
      jobs: sql<string | null>`array_to_string(${first(sql`${rows.data}::text`)}, ',')`.as('page_jobs'),
      found: sql<number>`count(*)`.mapWith(Number).as('found'),
      blockNumber: last(rows.blockNumber).as('last_block'),
      logIndex: last(rows.logIndex).as('last_log'),
    })
    .from(rows)
    .as('page')
  return orm
    .select({
      lastId: cursor.lastId,
      total: totalOf(query, selected, contract),
      jobs: page.jobs,
      found: page.found,
      blockNumber: page.blockNumber,
      logIndex: page.logIndex,
    })
    .from(cursor)
    .crossJoin(page)
}

function blockRange({ fromBlock, toBlock }: Selection): (SQL | undefined)[] {
  return [
    fromBlock === undefined ? undefined : gte(jobs.blockNumber, fromBlock),
    toBlock === undefined ? undefined : lte(jobs.blockNumber, toBlock),
  ]
}

function afterPosition({ after, order }: Page): SQL | undefined {
  if (!after) return undefined
  const position = sql`(${after.blockNumber}::bigint, ${after.logIndex}::int)`
  return order === 'asc'
    ? sql`(${jobs.blockNumber}, ${jobs.logIndex}) > ${position}`
    : sql`(${jobs.blockNumber}, ${jobs.logIndex}) < ${position}`
}

/**
 * SQL of `total`: read from the tallies if the filter only tests status and choices, else counted up to
 * the limit.
 */
function totalOf(
  { filter, fromBlock, toBlock }: Selection,
  selected: SQL | undefined,
  contract: Fields,
): SQL<string> {
  const tallied = filter.every(({ fields }) =>
    fields.every((name) => contract.fields.some((field) => field.name === name && field.kind === 'choice')),
  )
  if (tallied && fromBlock === undefined && toBlock === undefined)
    return sql`(select coalesce(sum(${totals.jobs}), 0) from ${totals} where ${totalsCondition(filter) ?? sql`true`})`
  return sql`(select count(*) from (select 1 from ${jobs} where ${selected} limit ${sql.raw(String(TOTAL_LIMIT + 1))}) counted)`
}
