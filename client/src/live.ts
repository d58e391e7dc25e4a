import type { JobEventType } from './events.ts'
import { blockOf, type JobBase, jobKey } from './job.ts'
import { type Change, isOutdated, type Progress } from './progress.ts'

/** What to yield for a job event of the stream; undefined if the consumer knows it, or something newer. */
export function applyLive<J extends JobBase>(
  p: Progress<J>,
  { type, data: job, id }: { type: JobEventType; data: J; id: bigint },
): Change<J> | undefined {
  const key = jobKey(job)
  if (isOutdated(p, key, id)) return undefined

  const { known } = p
  const wasKnown = known.has(key)
  const wasInside = known.isInside(key)
  const left = type === 'job_updated' && !p.matches(job)
  // An unknown job may be one of before the history that the consumer wants: then whatever happens to it is news.
  const isEarlier = p.latest || blockOf(key) < p.start
  const isBeforeRead = p.latest && (p.quietEnd === undefined || id <= p.quietEnd)
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
