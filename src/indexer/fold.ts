import type { Job, JobLog } from '../contract/job.ts'
import type { Cursor } from '../store/cursor.ts'
import type { PositionedJob } from '../store/jobs.ts'
import type { ChangeWrite, JobWrite, LogPosition, Step, StoredJob, StoredJobWrite } from '../store/writes.ts'

/** The part of a step that follows from its logs. */
type Folded = Pick<Step, 'jobs' | 'changes' | 'entries' | 'unapplied'>

/** A job while logs are folded over it. */
interface Draft extends LogPosition {
  before: StoredJob | null
  job: Job
  /** JSON of the job, made when it is first needed */
  data: string | undefined
}

/**
 * Returns the ids of the jobs to read before these logs are folded: each job that a log changes, unless an
 * earlier one of these logs creates it.
 */
export function jobIdsToRead(logs: JobLog[]): string[] {
  const created = new Set<string>()
  const changed = new Set<string>()
  for (const { job, jobId } of logs) {
    if (job) created.add(jobId)
    else if (!created.has(jobId)) changed.add(jobId)
  }
  return [...changed]
}

/**
 * Applies logs, in chain order, to the jobs as of the cursor. A change applies to the latest job of its id. A
 * change of a job that was never indexed is returned in `unapplied`.
 * @param stored the jobs of {@link jobIdsToRead}, by id
 * @param options.silent true while the contract's past is indexed: no feed entries are made
 * @param options.finalizedNumber changes up to this block are stored without the job before them, because no
 * rewind needs it
 */
export function fold(
  stored: Map<string, PositionedJob>,
  logs: JobLog[],
  { silent, finalizedNumber }: Pick<Cursor, 'silent' | 'finalizedNumber'>,
): Folded {
  const drafts: Draft[] = []
  const latest = new Map<string, Draft>()
  const folded: Folded = { jobs: [], changes: [], entries: [], unapplied: [] }
  for (const log of logs) {
    const { blockNumber, logIndex, jobId } = log
    if (log.job) {
      const draft = { blockNumber, logIndex, before: null, job: log.job, data: undefined }
      drafts.push(draft)
      latest.set(jobId, draft)
      if (!silent) folded.entries.push({ type: 'job_created', data: draftJson(draft), before: null })
      continue
    }
    const draft = latest.get(jobId) ?? draftOf(stored.get(jobId))
    if (!draft) {
      const reason = `${log.event} of job ${jobId}, whose creation was not indexed`
      folded.unapplied.push({ raw: log.raw, cause: 'unknown_job', reason })
      continue
    }
    if (!latest.has(jobId)) drafts.push(draft)
    latest.set(jobId, draft)
    const mayBeRewound = blockNumber > finalizedNumber
    const before = !silent || mayBeRewound ? draftJson(draft) : null
    draft.job = Object.assign({}, draft.job, log.set)
    draft.data = undefined
    if (!silent) folded.entries.push({ type: 'job_updated', data: draftJson(draft), before })
    folded.changes.push(changeOf(log, draft, mayBeRewound ? before : null))
  }
  folded.jobs = drafts.map(writeOf)
  return folded
}

function draftOf(job: PositionedJob | undefined): Draft | undefined {
  return job && { ...job, before: { job: job.job, data: job.data } }
}

function draftJson(draft: Draft): string {
  draft.data ??= JSON.stringify(draft.job)
  return draft.data
}

function changeOf(log: JobLog, draft: Draft, before: string | null): ChangeWrite {
  const { blockNumber, logIndex, event, timestamp, transactionHash } = log
  const { blockNumber: jobBlock, logIndex: jobLog } = draft
  const { status } = draft.job
  return { blockNumber, logIndex, jobBlock, jobLog, event, status, timestamp, transactionHash, before }
}

function writeOf(draft: Draft): JobWrite {
  const { blockNumber, logIndex, before, job } = draft
  return { blockNumber, logIndex, before, after: { job, data: draftJson(draft) } }
}

/**
 * Returns the feed entries of a rewind, in the order of `jobs` (see readRewind): removals, newest first, then
 * restored jobs.
 */
export function rewindEntries(jobs: StoredJobWrite[]): Step['entries'] {
  return jobs.map(({ before, after }) =>
    after
      ? { type: 'job_updated', data: after.data, before: before.data }
      : { type: 'job_removed', data: before.data, before: null },
  )
}
