import { LRUCache } from 'lru-cache'
import type { Cursor } from '../store/cursor.ts'
import type { Database } from '../store/database.ts'
import { type PositionedJob, readJobs } from '../store/jobs.ts'
import type { JobWrite } from '../store/writes.ts'

/** Limit of the jobs in memory, in characters of their JSON. They take some three bytes a character. */
const MAX_CHARACTERS = 8_000_000

/** Reads jobs as of the cursor. Those that the latest steps of this process wrote are still in memory. */
export function createJobReader(db: Database) {
  const recent = new LRUCache<string, PositionedJob>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ data }) => data.length,
  })
  /** the cursor at which the jobs in memory were current; undefined before the first step */
  let asOf: Cursor | undefined

  return {
    /** Reads the jobs with these ids. If the contract used an id twice, the latest job is returned. */
    async read(cursor: Cursor, jobIds: string[]): Promise<Map<string, PositionedJob>> {
      // A restored database may reach the same revision with other jobs, but not with the same last id.
      if (cursor.revision !== asOf?.revision || cursor.lastId !== asOf.lastId) recent.clear()
      const found = new Map<string, PositionedJob>()
      for (const jobId of jobIds) {
        const job = recent.get(jobId)
        if (job) found.set(jobId, job)
      }
      const missing = jobIds.filter((jobId) => !found.has(jobId))
      for (const [jobId, job] of await readJobs(db, missing)) found.set(jobId, job)
      return found
    },
    /**
     * Keeps the jobs that a step wrote.
     * @param cursor the cursor after the step
     * @param jobs in the order of the step: of two jobs with the same id, the latest is the last
     */
    keep(cursor: Cursor, jobs: JobWrite[]): void {
      asOf = cursor
      for (const { blockNumber, logIndex, after } of jobs)
        if (after) recent.set(after.job.jobId, { blockNumber, logIndex, ...after })
    },
  }
}
