import { readPosition } from './history.ts'
import { type JobBase, jobKey } from './job.ts'
import { createNotifier, type Notifier } from './notifier.ts'
import { createPending, type Pending } from './pending.ts'
import type { Retry } from './request.ts'
import type { StreamOptions } from './subscribe.ts'
import { type FollowEvent, isJobEvent, track } from './track.ts'

/** The state of a mirror. */
export interface MirrorState<J extends JobBase> {
  jobs: Map<string, J>
  /** changes that the loop has still to yield */
  pending: Pending<J>
  /** whether `jobs` has everything that the server has */
  synced: boolean
  /** set once the mirror has ended: the signal's reason, or the error that ended it */
  end: { reason: unknown; failed: boolean } | undefined
  /** notified of each change of this state */
  changed: Notifier
}

export function createMirrorState<J extends JobBase>(): MirrorState<J> {
  const jobs = new Map<string, J>()
  return { jobs, pending: createPending(jobs), synced: false, end: undefined, changed: createNotifier() }
}

type MaintainOptions = StreamOptions & { signal: AbortSignal }

/** Keeps the state up to date until the signal aborts or the server refuses. Never rejects. */
export async function maintain<J extends JobBase>(
  state: MirrorState<J>,
  url: string | URL,
  options: MaintainOptions,
): Promise<void> {
  try {
    await run(state, url, options)
    state.end = { reason: options.signal.reason, failed: false }
  } catch (reason) {
    state.end = { reason, failed: !options.signal.aborted }
  }
  state.synced = false
  state.changed.notify()
}

async function run<J extends JobBase>(
  state: MirrorState<J>,
  url: string | URL,
  options: MaintainOptions,
): Promise<void> {
  const onRetry = (retry: Retry) => {
    setSynced(state, false)
    options.onRetry?.(retry)
  }
  // `depth: undefined` keeps every job, which costs no memory: the map holds the same objects.
  const all = { start: 0n, liveOnly: false, order: 'asc', depth: undefined, keepLeft: false } as const
  const source = { ...options, ...all, onRetry }
  let complete = false
  // Set after a reconnect without a gap: the position at which the stream is up to date again.
  let target: bigint | undefined
  for await (const event of track<J>(url, source)) {
    apply(state, event)
    if (event.type === 'synced') complete = true
    if (event.type === 'connected') {
      if (event.data.resumed !== true) complete = false
      const read = { ...source, attempts: Number.POSITIVE_INFINITY, notBefore: BigInt(event.id ?? 0) }
      target = complete ? await readPosition(url, read) : undefined
    }
    const reached = target !== undefined && event.id !== null && BigInt(event.id) >= target
    if (reached) target = undefined
    if (event.type === 'synced' || reached) setSynced(state, true)
  }
}

function setSynced<J extends JobBase>(state: MirrorState<J>, synced: boolean): void {
  if (state.synced === synced) return
  state.synced = synced
  state.pending.noteSynced(synced)
  state.changed.notify()
}

function apply<J extends JobBase>({ jobs, pending, changed }: MirrorState<J>, event: FollowEvent<J>): void {
  if (!isJobEvent(event)) return
  const inMap = event.type === 'job_created' || (event.type === 'job_updated' && !event.left)
  const key = jobKey(event.data)
  pending.noteJob(key, event.data, inMap)
  if (inMap) jobs.set(key, event.data)
  else jobs.delete(key)
  changed.notify()
}
