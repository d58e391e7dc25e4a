import { sql } from 'drizzle-orm'
import { formatUsdc, strategyName } from '../job.ts'
import type { Stats, Tally } from '../status.ts'
import type { Database } from './database.ts'

/** The hours the series reaches back. */
const SERIES_HOURS = 7 * 24

/** Jobs and budget of all time by strategy, and by hour. Reads the tallies only: some hundred rows whatever the history. */
export async function readStats(db: Database): Promise<Stats> {
  const [all, hours] = await Promise.all([
    db.rows(sql`
      select strategy_type, sum(jobs) as jobs, sum(budget)::text as budget from totals
      group by strategy_type having sum(jobs) > 0 order by strategy_type`),
    db.rows(sql`
      select hour::text as hour, strategy_type, jobs, budget::text as budget from hours
      where jobs > 0 and hour > extract(epoch from now()) - ${SERIES_HOURS * 3600}::int
      order by hours.hour, strategy_type limit 10000`),
  ])
  const tally = (row: Record<string, unknown>): Tally => ({
    strategyType: strategyName(Number(row.strategy_type)),
    jobs: Number(row.jobs),
    budget: formatUsdc(String(row.budget)),
  })
  return {
    byStrategy: all.map(tally),
    hours: hours.map((row) => ({ hour: String(row.hour), ...tally(row) })),
  }
}
