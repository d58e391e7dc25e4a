import { and, asc, gt, sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import { hours, totals } from './schema.ts'

/** The hours the series reaches back. */
const SERIES_HOURS = 7 * 24
/** More points than a chart can show. */
const SERIES_LIMIT = 10_000

/** Jobs of one kind and their amounts added up. */
export interface Total {
  /** status and choices, by field */
  kind: Record<string, string | number | boolean>
  jobs: number
  amount: string
}

export interface HourTotal {
  /** unix seconds at which the hour begins */
  hour: string
  choice: string
  jobs: number
  amount: string
}

/** Jobs by kind, and by hour of creation. Reads the tallies only: some hundred rows whatever the history. */
export async function readTotals({ orm }: Database): Promise<{ totals: Total[]; hours: HourTotal[] }> {
  const [all, series] = await Promise.all([
    orm.select().from(totals).where(gt(totals.jobs, 0)),
    orm
      .select()
      .from(hours)
      .where(
        and(gt(hours.jobs, 0), sql`${hours.hour} > extract(epoch from now()) - ${SERIES_HOURS * 3600}::int`),
      )
      .orderBy(asc(hours.hour), asc(hours.choice))
      .limit(SERIES_LIMIT),
  ])
  return { totals: all.map((row) => ({ ...row, kind: JSON.parse(row.kind) })), hours: series }
}
