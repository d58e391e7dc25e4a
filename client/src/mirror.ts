import { readPosition } from './history.ts'
import { type Job, type JobBase, jobKey } from './job.ts'
import { createPending } from './pending.ts'
import type { RequestOptions, Retry } from './request.ts'
import { type FollowEvent, track } from './track.ts'

export interface MirrorOptions extends RequestOptions {
  /** as in `subscribe` */
  idleTimeout?: number | undefined
}

/** One change of a mirror's map, or of whether it is up to date. */
export type MirrorChange<J extends JobBase = Job> =
  | { type: 'added'; job: J; before?: undefined }
  | { type: 'changed'; job: J; before: J }
  /** `job`: as it is now if it no longer matches, as it was if a reorg removed it. `before`: as the map had it */
  | { type: 'removed'; job: J; before: J }
  | { type: 'synced'; job?: undefined; before?: undefined }
  | { type: 'stale'; job?: undefined; before?: undefined }

/** The jobs of a server that match a filter, kept up to date. Made by {@link mirror}. */
export interface Mirror<J extends JobBase = Job> extends AsyncIterable<MirrorChange<J>> {
  /** The jobs that match, by {@link jobKey}: a contract may use a `jobId` twice. */
  readonly jobs: ReadonlyMap<string, J>
  /**
   * Whether `jobs` has everything the server has: false until the history is read, and from a lost connection until
   * what happened meanwhile has arrived.
   * @throws JobcastError if the server refused for good
   */
  readonly synced: boolean
  /** Resolves once `synced` is true. Rejects if the server refuses, and with the signal's reason if the mirror ends. */
  whenSynced(): Promise<void>
}

/**
 * Holds the jobs that match a filter in a map, across restarts of the server, reorgs and gaps. With
 * `{ filter: { status: ['OPEN'] } }` it is the list of jobs one can take now. It begins at once, and is kept up to date
 * in the background.
 *
 * Iterate over it for what changes, beginning with the jobs it already has. Each `change.job` is the state the map has
 * now: several changes of a job that come while the loop is busy are one. There can be one loop.
 *
 * Abort `signal` or leave the loop to end it. `jobs` then stays as it is, and `synced` is false.
 */
export function mirror<J extends JobBase = Job>(url: string | URL, options: MirrorOptions = {}): Mirror<J> {
  const own = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, own.signal]) : own.signal
  const jobs = new Map<string, J>()
  const pending = createPending(jobs)
  const waiting: { resolve(): void; reject(error: unknown): void }[] = []
  let synced = false
  let looping = false
  /** why the mirror ended, and whether that is the server's refusal */
  let end: { reason: unknown; failed: boolean } | undefined

  function setSynced(now: boolean): void {
    if (synced === now) return
    synced = now
    pending.noteSynced(now)
    if (!now) return
    for (const { resolve } of waiting.splice(0)) resolve()
  }

  async function run(): Promise<void> {
    // All jobs are kept, and by no more than the map has, since both share the objects.
    const all = { start: 0n, latest: false, order: 'asc', depth: undefined, keepLeft: false } as const
    const onRetry = (retry: Retry) => {
      setSynced(false)
      options.onRetry?.(retry)
    }
    const source = { ...options, ...all, signal, onRetry }
    let complete = false
    // After a short break, the position at which the stream is up to date again.
    let target: bigint | undefined
    for await (const event of track<J>(url, source)) {
      apply(event)
      if (event.type === 'synced') complete = true
      if (event.type === 'connected') {
        if (event.data.resumed !== true) complete = false
        const read = { ...source, attempts: Number.POSITIVE_INFINITY, notBefore: BigInt(event.id ?? 0) }
        target = complete ? await readPosition(url, read) : undefined
      }
      const reached = target !== undefined && event.id !== null && BigInt(event.id) >= target
      if (reached) target = undefined
      if (event.type === 'synced' || reached) setSynced(true)
    }
  }

  function apply(event: FollowEvent<J>): void {
    if (event.type === 'job_created' || (event.type === 'job_updated' && !event.left)) set(event.data)
    if (event.type === 'job_removed' || (event.type === 'job_updated' && event.left)) remove(event.data)
  }

  function set(job: J): void {
    const key = jobKey(job)
    pending.noteJob(key, job, true)
    jobs.set(key, job)
  }

  function remove(job: J): void {
    const key = jobKey(job)
    pending.noteJob(key, job, false)
    jobs.delete(key)
  }

  function finish(reason: unknown, failed: boolean): void {
    synced = false
    end = { reason, failed }
    for (const { reject } of waiting.splice(0)) reject(reason)
    pending.wake()
  }

  async function* changes(): AsyncGenerator<MirrorChange<J>, void, undefined> {
    if (looping) throw new Error('a mirror has one loop')
    looping = true
    try {
      while (!signal.aborted) {
        const change = pending.take()
        if (change) yield change
        else if (end?.failed) throw end.reason
        else if (end) return
        else await pending.next()
      }
    } finally {
      own.abort()
    }
  }

  run().then(
    () => finish(signal.reason, false),
    (error) => finish(error, !signal.aborted),
  )
  return {
    jobs,
    get synced() {
      if (end?.failed) throw end.reason
      return synced
    },
    async whenSynced() {
      if (end) throw end.reason
      if (!synced) await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }))
    },
    [Symbol.asyncIterator]: changes,
  }
}
