import { and, desc, gt, sql } from 'drizzle-orm'
import type { Wire } from '../contract/values.ts'
import type { Database } from './database.ts'
import { hours, totals } from './schema.ts'

/** Hours of the hourly series. */
const SERIES_HOURS = 7 * 24
/**
 * Maximum number of rows: 59 values of the choice in each of 168 hours. Beyond it, the oldest are omitted.
 */
const SERIES_LIMIT = 10_000

/** Number of jobs with the same status and choices, and the sum of their amounts. */
export interface Tally {
  /** status and choices by field name */
  key: Record<string, Wire | null>
  jobs: number
  amount: string
}

/**
 * Reads the tallies: jobs by status and choices, and by hour of creation. Their number depends on the choices
 * in use, not on the length of the history.
 */
export async function readTallies({ orm }: Database): Promise<{
  totals: Tally[]
  hours: (typeof hours.$inferSelect)[]
}> {
  const [all, series] = await Promise.all([
    orm.select().from(totals).where(gt(totals.jobs, 0)),
    orm
      .select()
      .from(hours)
      .where(
        and(gt(hours.jobs, 0), sql`${hours.hour} > extract(epoch from now()) - ${SERIES_HOURS * 3600}::int`),
      )
      .orderBy(desc(hours.hour), desc(hours.choice))
      .limit(SERIES_LIMIT),
  ])
  return { totals: all.map((row) => ({ ...row, key: JSON.parse(row.key) })), hours: series.reverse() }
}
