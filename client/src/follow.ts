import type { HistoryOptions } from './history.ts'
import type { Job, JobBase } from './job.ts'
import type { StreamOptions } from './subscribe.ts'
import { type EarlierRun, type FollowEvent, track } from './track.ts'

export interface FollowOptions<J extends JobBase = Job> extends StreamOptions {
  /**
   * First block of the history, inclusive; 0 by default. `'latest'`: no history. A job of an earlier block is
   * first yielded at its next live change, as `job_updated` or `job_removed`. Before that, a change during a gap
   * is missed for jobs that were created more than `reorgDepth` blocks before the start.
   */
  fromBlock?: bigint | number | string | undefined
  /** order of the history, `'asc'` by default */
  order?: HistoryOptions['order']
  /**
   * Number of newest blocks whose jobs are kept in memory; 256 by default. Of jobs in older blocks only a
   * hash is kept: if a reorg removes one of them in a gap, the removal is missed. `Infinity` keeps all jobs
   * from `fromBlock` on.
   */
  reorgDepth?: number | undefined
  /**
   * Continues an earlier run with the same filter. Pass the last `id` that was not null as `lastEventId`, and
   * the jobs held at the end of that run as `jobs`. The changes since then are yielded.
   */
  resume?: EarlierRun<J> | undefined
}

/**
 * Yields history, then live events, as one: each job once (`job_created`), each later change once
 * (`job_updated`), and `job_removed` for each job that a reorg removed. A state is never followed by an
 * older one.
 *
 * This holds across restarts of the server and reorgs. It also holds across a gap that the server's feed no
 * longer covers: the history is then read again and compared. If a job changes several times in such a gap,
 * that is one `job_updated`.
 *
 * With a filter, a job that starts to match is yielded as `job_created` if it was not yielded before. `left`
 * of a `job_updated` says that the job no longer matches.
 *
 * Leave the loop or abort `signal` to end it without an error.
 * @throws JobcastError with the server's message if it refuses permanently (400, 401, …)
 */
export async function* follow<J extends JobBase = Job>(
  url: string | URL,
  options: FollowOptions<J> = {},
): AsyncGenerator<FollowEvent<J>, void, undefined> {
  const { fromBlock = 0n, order = 'asc', reorgDepth = 256, resume } = options
  const liveOnly = fromBlock === 'latest'
  if (liveOnly && resume)
    throw new TypeError(
      "resume does not work with fromBlock: 'latest'; pass the block at which the earlier run began",
    )
  try {
    yield* track<J>(url, {
      ...options,
      start: liveOnly ? 0n : BigInt(fromBlock),
      liveOnly,
      order,
      depth: reorgDepth === Number.POSITIVE_INFINITY ? undefined : BigInt(reorgDepth),
      keepLeft: true,
    })
  } catch (error) {
    if (!options.signal?.aborted) throw error
  }
}
