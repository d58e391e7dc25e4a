import type { JobEventType } from './events.ts'
import { blockOf, type JobBase, jobKey } from './job.ts'
import { type Change, isOutdated, type Progress } from './progress.ts'

/**
 * Returns the change to yield for a job event of the stream; undefined if the consumer has this state or a
 * newer one.
 */
export function applyLive<J extends JobBase>(
  progress: Progress<J>,
  { type, data: job, id }: { type: JobEventType; data: J; id: bigint },
): Change<J> | undefined {
  const key = jobKey(job)
  if (isOutdated(progress, key, id)) return undefined

  const { known } = progress
  const wasKnown = known.has(key)
  const wasInside = known.isInside(key)
  const left = type === 'job_updated' && !progress.matches(job)
  // True if the history that the consumer asked for does not include the job. Its first change is then
  // yielded with the type that the server sent.
  const isEarlier = progress.liveOnly || blockOf(key) < progress.start
  const isBeforeRead = progress.liveOnly && (progress.recordedAt === undefined || id <= progress.recordedAt)
  const isNews = isBeforeRead || (isEarlier && !wasKnown)
  const change = { type, data: job, left }

  if (type === 'job_removed') {
    known.remove(key)
    return wasKnown || isNews ? change : undefined
  }
  if (left) {
    if (wasInside) known.leave(key)
    return wasInside || isNews ? change : undefined
  }
  const differs = known.differs(key, job)
  known.put(key, job)
  if (isNews) return change
  return differs ? { ...change, type: wasKnown ? 'job_updated' : 'job_created' } : undefined
}
