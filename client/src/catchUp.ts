import { locate, pages } from './history.ts'
import { type JobBase, jobKey } from './job.ts'
import { byBlock } from './known.ts'
import { type Change, floorOf, noteJobRead, notePage, noteReadBegan, type Progress } from './progress.ts'
import { apiUrl, dataOf, JobcastError, type RequestOptions } from './request.ts'
import { type ReadOptions, readJson } from './retry.ts'

interface CatchUpOptions extends RequestOptions {
  url: string | URL
  /** order of the first read */
  order: 'asc' | 'desc'
  /** position of the stream: the pages that are read must be at least as new */
  streamAt: bigint
}

/**
 * Reads the history and yields the changes that the stream did not bring: every job the first time, and after
 * a gap each job that differs from its last state.
 * @returns whether the consumer now has everything: false while the server's index is incomplete
 */
export async function* catchUp<J extends JobBase>(
  progress: Progress<J>,
  options: CatchUpOptions,
): AsyncGenerator<Change<J>, boolean> {
  // Pages must be at least as new as the stream and as all pages read before. An older page would have older
  // states than those already yielded.
  const notBefore = options.streamAt > progress.readEnd ? options.streamAt : progress.readEnd
  const read = { ...options, attempts: Number.POSITIVE_INFINITY, notBefore }
  // During the first sync the index lacks jobs, and the stream does not send them. The jobs that the index
  // has are yielded once. The rest, and any removals, wait until the index is complete.
  const complete = await isComplete(options.url, read)
  const { highest, depth, indexed } = progress
  const first = highest === undefined
  // With `liveOnly`, the first read only records the jobs and yields none.
  const recordOnly = first && progress.liveOnly
  if (!complete && (!first || recordOnly)) return false

  // A head far below the last one belongs to another chain: a devnet was restarted, and all of its jobs
  // are new.
  const isOtherChain = !first && depth !== undefined && indexed + depth < highest
  if (first || isOtherChain) {
    progress.highest = indexed
    progress.from = recordOnly ? floorOf(progress, indexed) : progress.start
  }
  progress.known.raiseFloor(floorOf(progress, progress.highest ?? 0n))
  const unseen = progress.known.inside()
  yield* yieldDifferences(progress, { ...read, order: first ? options.order : 'asc', recordOnly, unseen })
  if (complete) yield* yieldMissing(progress, unseen, read)
  return complete
}

type Read = CatchUpOptions & ReadOptions & { notBefore: bigint }

/** Yields the jobs of the history that are new or differ. Removes each job that it finds from `unseen`. */
async function* yieldDifferences<J extends JobBase>(
  progress: Progress<J>,
  read: Read & { recordOnly: boolean; unseen: Set<string> },
): AsyncGenerator<Change<J>> {
  const { recordOnly, unseen } = read
  const { known } = progress
  const sameId = known.recentById()
  const toBlock = recordOnly ? progress.indexed : undefined
  let begunAt: bigint | undefined
  for await (const page of pages<J>(read.url, { ...read, fromBlock: progress.from, toBlock })) {
    const at = BigInt(page.lastEventId)
    if (recordOnly) progress.recordedAt = at
    else {
      if (begunAt === undefined) noteReadBegan(progress, at)
      notePage(progress, at)
    }
    begunAt ??= at
    for (const job of page.data) {
      const key = jobKey(job)
      unseen.delete(key)
      // The job was looked up after this page was read (see `others`), so a newer state of it was yielded.
      if ((progress.jobReadAt.get(key) ?? at) > at) continue
      if (!recordOnly && at > begunAt) noteJobRead(progress, key, at)
      if (!known.differs(key, job)) continue
      const isNew = !known.has(key)
      // If a reorg moved the job to another block, it is removed there before it is created here.
      const others = isNew ? (sameId.get(job.jobId) ?? []).filter((other) => unseen.delete(other)) : []
      if (others.length > 0) yield* yieldMissing(progress, others, read)
      known.put(key, job)
      if (!recordOnly) yield { type: isNew ? 'job_created' : 'job_updated', data: job, left: false }
    }
  }
}

/**
 * Yields the state of jobs that the filtered history lacks: a reorg removed them, or they left the filter.
 */
async function* yieldMissing<J extends JobBase>(
  progress: Progress<J>,
  keys: Iterable<string>,
  read: Read,
): AsyncGenerator<Change<J>> {
  const { known } = progress
  for await (const { key, job, at } of locate<J>(read.url, byBlock(keys), read)) {
    if (at > read.streamAt) noteJobRead(progress, key, at)
    if (job === undefined) {
      const data = known.remove(key)
      if (data) yield { type: 'job_removed', data, left: false }
      continue
    }
    const left = !progress.matches(job)
    const differs = known.differs(key, job)
    if (left) known.leave(key)
    else known.put(key, job)
    if (differs) yield { type: 'job_updated', data: job, left }
  }
}

/**
 * Returns whether the server has finished its first sync, during which it sends no events. True if the server
 * does not report it.
 */
async function isComplete(url: string | URL, options: ReadOptions): Promise<boolean> {
  try {
    return await readJson(apiUrl(url, 'api/v1/stats'), options, (body) => dataOf(body).syncing !== true)
  } catch (error) {
    if (error instanceof JobcastError && error.status === 404) return true
    throw error
  }
}
