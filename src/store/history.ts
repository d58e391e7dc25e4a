import { and, type SQL, sql } from 'drizzle-orm'
import { condition } from '../filter.ts'
import { type HistoryPage, type HistoryQuery, type Place, TOTAL_LIMIT } from '../history.ts'
import { type Job, type JobRecord, statusAtCreation, toJob } from '../job.ts'
import type { Database } from './database.ts'
import { jobs, totals } from './schema.ts'
import { toRecord } from './step.ts'

/** One page of the history, with its total and the feed's position: one statement, one snapshot. */
export async function readHistory(db: Database, query: HistoryQuery): Promise<HistoryPage> {
  // Every job of this index is as it was created.
  const none = query.status !== undefined && !query.status.includes(statusAtCreation)
  const where = and(
    none ? sql`false` : undefined,
    condition(query, jobs),
    query.fromBlock === undefined ? undefined : sql`${jobs.blockNumber} >= ${query.fromBlock}::bigint`,
    query.toBlock === undefined ? undefined : sql`${jobs.blockNumber} <= ${query.toBlock}::bigint`,
  )
  const direction = sql.raw(query.order)
  const behind =
    query.after &&
    sql`(${jobs.blockNumber}, ${jobs.logIndex}) ${sql.raw(query.order === 'asc' ? '>' : '<')}
      (${query.after.blockNumber}::bigint, ${query.after.logIndex}::int)`
  // Left join: the cursor's row comes also where no job does.
  const rows = await db.rows(sql`
    select page.*, cursor.last_id, (${none ? sql`select 0` : totalOf(query, where)}) as total
    from cursor left join lateral (
      select * from jobs ${whereClause(and(where, behind))}
      order by block_number ${direction}, log_index ${direction}
      limit ${query.limit + 1}::int offset ${query.offset}::int) page on true
    order by page.block_number ${direction}, page.log_index ${direction}`)
  const found = rows.filter((row) => row.block_number !== null).map(toRecord)
  const shown = found.slice(0, query.limit)
  return {
    jobs: shown.map(toJob),
    total: Number(rows[0]?.total),
    next: found.length > shown.length ? placeOf(shown.at(-1) as JobRecord) : null,
    lastId: Number(rows[0]?.last_id),
  }
}

function totalOf(query: HistoryQuery, where: SQL | undefined): SQL {
  const { clientId, minBudget, maxBudget, fromBlock, toBlock } = query
  if ([clientId, minBudget, maxBudget, fromBlock, toBlock].some((part) => part !== undefined))
    return sql`select count(*) from (select 1 from jobs ${whereClause(where)} limit ${TOTAL_LIMIT}::int) counted`
  // What is left of the filter holds on the tallies, which have no client and a budget of another meaning.
  const tallied = condition(query, { ...totals, clientId: totals.jobs })
  return sql`select coalesce(sum(jobs), 0) from totals ${whereClause(tallied)}`
}

function whereClause(where: SQL | undefined): SQL {
  return where ? sql`where ${where}` : sql``
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
