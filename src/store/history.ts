import type { Contract } from '../contract/define.ts'
import type { Filter } from '../contract/filters.ts'
import { jobsConditions, totalsConditions } from './conditions.ts'
import { missingCursor } from './cursor.ts'
import { createParams, type Database, type Param } from './database.ts'
import type { LogPosition } from './writes.ts'

/**
 * Largest `total` that is counted row by row; one more means "more than this". Totals from the tallies have
 * no limit.
 */
export const TOTAL_LIMIT = 10_000

/** Selects a page of the history. */
export interface HistoryQuery {
  filter: Filter
  /** inclusive */
  fromBlock?: number
  toBlock?: number
  order: 'asc' | 'desc'
  limit: number
  /** rows to skip, for pages by number; 0 if `after` is set */
  offset: number
  /** position of the job after which the page begins */
  after?: LogPosition
}

export interface HistoryPage {
  /** JSON of the jobs, separated by commas */
  jobs: string
  /** number of selected jobs on all pages; see {@link TOTAL_LIMIT} */
  total: number
  /** position of the last job of the page; null if no jobs follow */
  next: LogPosition | null
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
  const { params, param } = createParams()
  const selected = [...jobsConditions(query.filter, contract, param), ...blockRange(query, param)]
  const text = `
    select last_id, ${totalOf(query, selected, contract, param)} as total, page.*
    from cursor, ${pageOf(query, selected, param)}`
  // Without conditions there are four texts, which stay prepared. Otherwise the statement is planned for its
  // values, because they decide which index is best.
  const [row] = (await db.run(text, params, { prepare: selected.length === 0 })) as PageRow[]
  if (!row) throw missingCursor()
  return {
    jobs: row.jobs ?? '',
    total: Number(row.total),
    next:
      Number(row.found) > query.limit
        ? { blockNumber: Number(row.block_number), logIndex: row.log_index }
        : null,
    lastId: Number(row.last_id),
  }
}

/** Postgres returns a bigint as a string, PGlite as a number. */
interface PageRow {
  last_id: string | number
  total: string | number
  /** null on a page without jobs */
  jobs: string | null
  /** jobs on the page, and one more if another page follows */
  found: string | number
  block_number: string | number
  log_index: number
}

/**
 * Returns the SQL of a page as one row. Aggregates keep the order of a sorted subquery (Postgres manual,
 * "Aggregate Functions"). The database joins the JSON texts of the jobs, so that they become the body of the
 * response without being parsed.
 */
function pageOf({ limit, offset, order, after }: HistoryQuery, selected: string[], param: Param): string {
  const size = `${param(limit)}::int`
  const start = after
    ? `(block_number, log_index) ${order === 'asc' ? '>' : '<'} (${param(after.blockNumber)}::bigint, ${param(after.logIndex)}::int)`
    : 'true'
  return `(
    select
      array_to_string((array_agg(data::text))[:${size}], ',') as jobs, count(*) as found,
      (array_agg(block_number))[${size}] as block_number, (array_agg(log_index))[${size}] as log_index
    from (
      select block_number, log_index, data from jobs where ${[...selected, start].join(' and ')}
      order by block_number ${order}, log_index ${order} limit ${size} + 1 offset ${param(offset)}
    ) jobs_of_page
  ) page`
}

function blockRange({ fromBlock, toBlock }: HistoryQuery, param: Param): string[] {
  return [
    ...(fromBlock === undefined ? [] : [`block_number >= ${param(fromBlock)}`]),
    ...(toBlock === undefined ? [] : [`block_number <= ${param(toBlock)}`]),
  ]
}

/**
 * Returns the SQL of `total`: read from the tallies if the filter only tests status and choices, else counted
 * up to the limit.
 */
function totalOf(
  { filter, fromBlock, toBlock }: HistoryQuery,
  selected: string[],
  { fields }: Contract,
  param: Param,
): string {
  const isChoice = (name: string) => fields.some((field) => field.name === name && field.kind === 'choice')
  const isTallied = filter.every((test) => test.fields.every(isChoice))
  if (isTallied && fromBlock === undefined && toBlock === undefined)
    return `(select coalesce(sum(jobs), 0) from totals where ${['true', ...totalsConditions(filter, param)].join(' and ')})`
  return `(select count(*) from (select from jobs where ${selected.join(' and ')} limit ${TOTAL_LIMIT + 1}) counted)`
}
