import { and, asc, desc, gte, lte, type Placeholder, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Contract } from '../contract/define.ts'
import type { Filter } from '../contract/filters.ts'
import { jobsCondition, totalsCondition } from './conditions.ts'
import { type Database, prepared } from './database.ts'
import { cursor, jobs, totals } from './schema.ts'
import type { Position } from './writes.ts'

/** `total` is counted up to this number, unless the tallies know it; one more means "more than this". */
export const TOTAL_LIMIT = 10_000

/** A page of the history that is asked for. */
export interface HistoryQuery {
  filter: Filter
  fromBlock?: number
  toBlock?: number
  order: 'asc' | 'desc'
  limit: number
  /** rows to pass over, for people who count pages; 0 with `after` */
  offset: number
  /** the page begins after this job */
  after?: Position
}

export interface HistoryPage {
  /** JSON of the jobs, with commas between them */
  jobs: string
  /** all jobs of the query; see {@link TOTAL_LIMIT} */
  total: number
  /** the position of the last job, if more follow */
  next: Position | null
  /** the feed's last id in the same snapshot as the rows */
  lastId: number
}

/** One page of the history, with its total and the feed's position: one statement, one snapshot. */
export async function readHistory(
  db: Database,
  contract: Contract,
  query: HistoryQuery,
): Promise<HistoryPage> {
  const { limit, offset } = query
  const [row] = isFirstPage(query)
    ? await firstPage(db).execute({ limit, fetched: limit + 1 })
    : await pageQuery(db, contract, query, { limit, fetched: limit + 1, offset })
  if (!row) throw new Error('the database has no cursor: its migration did not end')
  const { jobs, total, found, blockNumber, logIndex, lastId } = row
  return {
    jobs: jobs ?? '',
    total: Number(total),
    next: found > limit ? { blockNumber, logIndex } : null,
    lastId,
  }
}

/** What everyone asks for, so it stays prepared. Any other page is planned for its values: only they tell which index serves. */
const firstPage = prepared((db) => {
  const [limit, fetched] = [sql.placeholder('limit'), sql.placeholder('fetched')]
  return pageQuery(db, null, { filter: [], order: 'desc' }, { limit, fetched, offset: 0 }).prepare(
    'first_page',
  )
})

function isFirstPage({ filter, order, offset, after, fromBlock, toBlock }: HistoryQuery): boolean {
  return (
    filter.length === 0 &&
    order === 'desc' &&
    offset === 0 &&
    !after &&
    fromBlock === undefined &&
    toBlock === undefined
  )
}

/** The rows of a page: as many as it may have, and one more, which tells whether another page follows. */
interface Rows {
  limit: number | Placeholder
  fetched: number | Placeholder
  offset: number
}

function pageQuery(
  { orm }: Database,
  contract: Contract | null,
  query: Omit<HistoryQuery, 'limit' | 'offset'>,
  { limit, fetched, offset }: Rows,
) {
  const wanted = and(contract ? jobsCondition(query.filter, contract) : undefined, ...blockRange(query))
  const direction = query.order === 'asc' ? asc : desc
  const rows = orm
    .select({ blockNumber: jobs.blockNumber, logIndex: jobs.logIndex, data: jobs.data })
    .from(jobs)
    .where(and(wanted, afterPosition(query)))
    .orderBy(direction(jobs.blockNumber), direction(jobs.logIndex))
    .limit(fetched as number)
    .offset(offset)
    .as('rows')
  const first = (column: SQLWrapper) => sql`(array_agg(${column}))[:${limit}::int]`
  const last = (column: SQLWrapper) => sql<number>`(array_agg(${column}))[${limit}::int]`.mapWith(Number)
  // The rows come sorted, so the arrays are. Joined by the database: the answer's body holds the text as it is.
  const page = orm
    .select({
      jobs: sql<string>`array_to_string(${first(sql`${rows.data}::text`)}, ',')`.as('page_jobs'),
      found: sql<number>`count(*)`.mapWith(Number).as('found'),
      blockNumber: last(rows.blockNumber).as('last_block'),
      logIndex: last(rows.logIndex).as('last_log'),
    })
    .from(rows)
    .as('page')
  return orm
    .select({
      lastId: cursor.lastId,
      total: totalOf(contract, query, wanted),
      jobs: page.jobs,
      found: page.found,
      blockNumber: page.blockNumber,
      logIndex: page.logIndex,
    })
    .from(cursor)
    .crossJoin(page)
}

function blockRange({
  fromBlock,
  toBlock,
}: Pick<HistoryQuery, 'fromBlock' | 'toBlock'>): (SQL | undefined)[] {
  return [
    fromBlock === undefined ? undefined : gte(jobs.blockNumber, fromBlock),
    toBlock === undefined ? undefined : lte(jobs.blockNumber, toBlock),
  ]
}

function afterPosition({ after, order }: Pick<HistoryQuery, 'after' | 'order'>): SQL | undefined {
  if (!after) return undefined
  const position = sql`(${after.blockNumber}::bigint, ${after.logIndex}::int)`
  return order === 'asc'
    ? sql`(${jobs.blockNumber}, ${jobs.logIndex}) > ${position}`
    : sql`(${jobs.blockNumber}, ${jobs.logIndex}) < ${position}`
}

/** The tallies know the total of a filter of status and choices, and of no filter. Any other is counted, to the limit. */
function totalOf(
  contract: Contract | null,
  { filter, fromBlock, toBlock }: Omit<HistoryQuery, 'limit' | 'offset'>,
  wanted: SQL | undefined,
): SQL<string> {
  const tallied = filter.every(({ fields }) =>
    fields.every((name) => contract?.fields.some((f) => f.name === name && f.kind === 'choice')),
  )
  if (tallied && fromBlock === undefined && toBlock === undefined)
    return sql`(select coalesce(sum(${totals.jobs}), 0) from ${totals} where ${totalsCondition(filter) ?? sql`true`})`
  return sql`(select count(*) from (select 1 from ${jobs} where ${wanted} limit ${sql.raw(String(TOTAL_LIMIT + 1))}) counted)`
}
