import { and, asc, desc, eq, sql } from 'drizzle-orm'
import type { Contract } from '../contract/define.ts'
import { FIRST_STATUS, type Job } from '../contract/job.ts'
import { type Database, prepared } from './database.ts'
import { changes, jobs } from './schema.ts'

const jobWithChanges = prepared(({ orm }) => {
  const latest = orm
    .select({ blockNumber: jobs.blockNumber, logIndex: jobs.logIndex, data: jobs.data })
    .from(jobs)
    .where(eq(jobs.jobId, sql.placeholder('jobId')))
    .orderBy(desc(jobs.blockNumber), desc(jobs.logIndex))
    .limit(1)
    .as('latest')
  const change = {
    event: changes.event,
    status: changes.status,
    timestamp: changes.timestamp,
    txHash: changes.transactionHash,
    blockNumber: changes.blockNumber,
  }
  return orm
    .select({ data: latest.data, change })
    .from(latest)
    .leftJoin(changes, and(eq(changes.jobBlock, latest.blockNumber), eq(changes.jobLog, latest.logIndex)))
    .orderBy(asc(changes.blockNumber), asc(changes.logIndex))
    .prepare('job_with_changes')
})

/**
 * Reads a job and its lifecycle: the logs that created and changed it, oldest first. If the contract used the
 * id twice, it is the latest job. Null if no job has the id.
 */
export async function readJob(db: Database, contract: Contract, jobId: string) {
  const rows = await jobWithChanges(db).execute({ jobId })
  if (!rows[0]) return null
  const job: Job = JSON.parse(rows[0].data)
  const creation = {
    event: contract.created,
    status: FIRST_STATUS,
    timestamp: job.onchainCreatedAt,
    txHash: job.creationTxHash,
    blockNumber: job.blockNumber,
  }
  const later = rows.flatMap(({ change }) =>
    change ? [{ ...change, blockNumber: String(change.blockNumber) }] : [],
  )
  return { job, lifecycle: [creation, ...later] }
}
