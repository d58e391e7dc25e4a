import type { HistoryOptions } from './history.ts'
import type { Job, JobBase } from './job.ts'
import type { SubscribeOptions } from './subscribe.ts'
import { type FollowEvent, track } from './track.ts'

export interface FollowOptions<J extends JobBase = Job>
  extends Omit<SubscribeOptions, 'types' | 'lastEventId'> {
  /**
   * First block of the history, inclusive; 0 by default. `'latest'`: no history. A job of an earlier block is yielded from
   * its next live change on (as `job_updated` or `job_removed`); a change of it in a gap before that is not seen.
   */
  fromBlock?: bigint | number | string | undefined
  /** order of the history, `'asc'` by default; live events come as they happen */
  order?: HistoryOptions['order']
  /**
   * Newest blocks whose jobs are kept in memory (256 by default); of older ones only a hash is. A removal is missed if
   * its reorg is deeper and happens in a gap. `Infinity` keeps all.
   */
  reorgDepth?: number | undefined
  /**
   * Continue an earlier run with the same filter: the last `id` that was not null, and the jobs held when it ended. What
   * happened since is yielded.
   */
  resume?: { lastEventId?: string | undefined; jobs: Iterable<J> } | undefined
}

/**
 * Yields history, then live events, as one: each job once (`job_created`), each later change once (`job_updated`), and
 * `job_removed` for each job that a reorg removed. This holds across restarts of the server, reorgs, and gaps that the
 * server's feed no longer covers: after such a gap the history is read again and compared. Changes of one job in a gap
 * are one `job_updated`. A state is never followed by an older one.
 *
 * With a filter, a job that comes to match is yielded as `job_created` if it was not yielded before, and `left` of a
 * `job_updated` says that the job no longer matches.
 *
 * Leave the loop or abort `signal` to end it without an error.
 * @throws JobcastError with the server's message if it refuses for good (400, 401, …)
 */
export async function* follow<J extends JobBase = Job>(
  url: string | URL,
  options: FollowOptions<J> = {},
): AsyncGenerator<FollowEvent<J>, void, undefined> {
  const { fromBlock = 0n, order = 'asc', reorgDepth = 256, resume } = options
  const latest = fromBlock === 'latest'
  if (latest && resume)
    throw new TypeError("resume needs the block that the earlier run began at as fromBlock, not 'latest'")
  try {
    yield* track<J>(url, {
      ...options,
      start: latest ? 0n : BigInt(fromBlock),
      latest,
      order,
      depth: reorgDepth === Number.POSITIVE_INFINITY ? undefined : BigInt(reorgDepth),
      keepLeft: true,
      resume: resume && { lastEventId: resume.lastEventId, jobs: resume.jobs },
    })
  } catch (error) {
    if (!options.signal?.aborted) throw error
  }
}
