import { locate, pages } from './history.ts'
import { type JobBase, jobKey } from './job.ts'
import { byBlock } from './known.ts'
import { type Change, floorOf, noteRead, noteReadFrom, type Progress } from './progress.ts'
import { address, JobcastError, type RequestOptions } from './request.ts'
import { type ReadOptions, readJson } from './retry.ts'

export interface SettleOptions extends RequestOptions {
  url: string | URL
  /** order of the first read */
  order: 'asc' | 'desc'
  /** position of the stream: whatever is read must be at least as new */
  streamAt: bigint
}

/**
 * Reads the history and yields what the stream did not: everything the first time, and after a gap what differs from
 * what was yielded.
 * @returns whether the consumer now has everything: false while the server's index is incomplete
 */
export async function* settle<J extends JobBase>(
  p: Progress<J>,
  options: SettleOptions,
): AsyncGenerator<Change<J>, boolean> {
  const read = { ...options, attempts: Number.POSITIVE_INFINITY, notBefore: options.streamAt }
  // A database in its first sync lacks jobs that exist, and the stream does not send them. What it has is yielded
  // once; the rest, and what seems removed, waits until the index is complete.
  const complete = await isComplete(options.url, read)
  const first = p.head === undefined
  const quiet = first && p.latest
  if (!complete && (!first || quiet)) return false

  // A head far below ours belongs to another chain: a devnet that was restarted. All of its jobs are new.
  const another = p.head !== undefined && p.depth !== undefined && p.indexed + p.depth < p.head
  if (first || another) {
    p.head = p.indexed
    p.from = quiet ? floorOf(p, p.indexed) : p.start
  }
  p.known.raiseFloor(floorOf(p, p.head ?? 0n))
  const unseen = p.known.inside()
  yield* readHistory(p, { ...read, order: first ? options.order : 'asc', quiet, unseen })
  if (complete) yield* resolve(p, unseen, read)
  return complete
}

type Read = SettleOptions & ReadOptions & { notBefore: bigint }

/** Yields the jobs of the history that are new or differ, and takes those it finds off `unseen`. */
async function* readHistory<J extends JobBase>(
  p: Progress<J>,
  read: Read & { quiet: boolean; unseen: Set<string> },
): AsyncGenerator<Change<J>> {
  const { quiet, unseen } = read
  const { known } = p
  const sameId = known.recentById()
  const toBlock = quiet ? p.indexed : undefined
  let begunAt: bigint | undefined
  for await (const page of pages<J>(read.url, { ...read, fromBlock: p.from, toBlock })) {
    const at = BigInt(page.lastEventId)
    begunAt ??= at
    if (quiet) p.quietEnd = at
    else noteReadFrom(p, begunAt, at)
    for (const job of page.data) {
      const key = jobKey(job)
      unseen.delete(key)
      if (!quiet && at > begunAt) noteRead(p, key, at)
      if (!known.differs(key, job)) continue
      const isNew = !known.has(key)
      // If a reorg moved the job to another block, its removal comes before its return.
      const others = isNew ? (sameId.get(job.jobId) ?? []).filter((other) => unseen.delete(other)) : []
      if (others.length > 0) yield* resolve(p, others, read)
      known.put(key, job)
      if (!quiet) yield { type: isNew ? 'job_created' : 'job_updated', data: job, left: false }
    }
  }
}

/** Yields what became of jobs that the filtered history does not have: a reorg removed them, or they left the filter. */
async function* resolve<J extends JobBase>(
  p: Progress<J>,
  keys: Iterable<string>,
  read: Read,
): AsyncGenerator<Change<J>> {
  const { known } = p
  for await (const { key, job, at } of locate<J>(read.url, byBlock(keys), read)) {
    if (at > read.streamAt) noteRead(p, key, at)
    if (job === undefined) {
      const data = known.remove(key)
      if (data) yield { type: 'job_removed', data, left: false }
      continue
    }
    const left = !p.matches(job)
    const differs = known.differs(key, job)
    if (left) known.leave(key)
    else known.put(key, job)
    if (differs) yield { type: 'job_updated', data: job, left }
  }
}

/**
 * Whether the server has indexed the contract's past, which it does without events. A server that does not say counts
 * as complete.
 */
async function isComplete(url: string | URL, options: ReadOptions): Promise<boolean> {
  try {
    return await readJson(address(url, 'api/v1/stats'), options, (body) => {
      const { data } = (body ?? {}) as { data?: { syncing?: boolean } }
      return data?.syncing !== true
    })
  } catch (error) {
    if (error instanceof JobcastError && error.status === 404) return true
    throw error
  }
}
