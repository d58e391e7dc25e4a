import { and, asc, desc, eq, gt, lte, sql } from 'drizzle-orm'
import { type Database, prepared } from './database.ts'
import { changes, jobs } from './schema.ts'
import type { LogPosition, StoredJob, StoredJobWrite } from './writes.ts'

/** A stored job with its position. */
export interface PositionedJob extends StoredJob, LogPosition {}

// The ids are one array parameter, because a statement takes at most 65,535 parameters.
const jobsOfIds = prepared(({ orm }) =>
  orm
    .selectDistinctOn([jobs.jobId], {
      jobId: jobs.jobId,
      blockNumber: jobs.blockNumber,
      logIndex: jobs.logIndex,
      data: jobs.data,
    })
    .from(jobs)
    .where(sql`${jobs.jobId} = any(${sql.placeholder('jobIds')}::text[])`)
    .orderBy(jobs.jobId, desc(jobs.blockNumber), desc(jobs.logIndex))
    .prepare('jobs_of_ids'),
)

/**
 * Reads the jobs with these ids as of the cursor. If the contract used an id twice, the latest job
 * is returned.
 */
export async function readJobs(db: Database, jobIds: string[]): Promise<Map<string, PositionedJob>> {
  if (jobIds.length === 0) return new Map()
  const rows = await jobsOfIds(db).execute({ jobIds })
  return new Map(rows.map((row) => [row.jobId, { ...row, ...stored(row.data) }]))
}

/**
 * Reads the writes to jobs that a rewind to a block needs. Jobs created above the block are removed, newest
 * first. Jobs changed above it return to their state before the oldest of these changes.
 */
export async function readRewind(db: Database, blockNumber: number): Promise<StoredJobWrite[]> {
  const removed = await db.orm
    .select({ blockNumber: jobs.blockNumber, logIndex: jobs.logIndex, data: jobs.data })
    .from(jobs)
    .where(gt(jobs.blockNumber, blockNumber))
    .orderBy(desc(jobs.blockNumber), desc(jobs.logIndex))
  const restored = await db.orm
    .selectDistinctOn([changes.jobBlock, changes.jobLog], {
      blockNumber: jobs.blockNumber,
      logIndex: jobs.logIndex,
      data: jobs.data,
      before: sql<string>`${changes.before}`,
    })
    .from(changes)
    .innerJoin(jobs, and(eq(jobs.blockNumber, changes.jobBlock), eq(jobs.logIndex, changes.jobLog)))
    .where(and(gt(changes.blockNumber, blockNumber), lte(changes.jobBlock, blockNumber)))
    .orderBy(asc(changes.jobBlock), asc(changes.jobLog), asc(changes.blockNumber), asc(changes.logIndex))
  return [
    ...removed.map(({ data, ...position }) => ({ ...position, before: stored(data), after: null })),
    ...restored.map(({ data, before, ...position }) => ({
      ...position,
      before: stored(data),
      after: stored(before),
    })),
  ]
}

function stored(data: string): StoredJob {
  return { job: JSON.parse(data), data }
}
