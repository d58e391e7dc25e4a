import type { Connected, Ping, Unavailable } from './events.ts'
import { type Matcher, readMatcher } from './filter.ts'
import { type Job, type JobBase, jobKey } from './job.ts'
import { createKnownJobs } from './known.ts'
import { applyLive } from './live.ts'
import { type Change, floorOf, type Progress } from './progress.ts'
import { settle } from './settle.ts'
import { type SubscribeOptions, subscribe } from './subscribe.ts'

/**
 * An event of `follow`. `id` is the feed position to resume from once this event is processed. It is null while there
 * is none: history is still being read, or the stream has yet to reach the position that was read.
 */
export type FollowEvent<J extends JobBase = Job> =
  | { type: 'job_created'; id: string | null; data: J }
  /** `left`: the job matched the filter, and does so no longer */
  | { type: 'job_updated'; id: string | null; data: J; left: boolean }
  | { type: 'job_removed'; id: string | null; data: J }
  /** everything that the server has was yielded; what follows is live */
  | { type: 'synced'; id: string | null; data: null }
  | { type: 'connected'; id: string | null; data: Connected }
  | { type: 'ping'; id: string | null; data: Ping }
  | { type: 'unavailable'; id: null; data: Unavailable }

export interface TrackOptions<J extends JobBase> extends Omit<SubscribeOptions, 'types' | 'lastEventId'> {
  start: bigint
  latest: boolean
  order: 'asc' | 'desc'
  depth: bigint | undefined
  /** false to forget a job that leaves the filter */
  keepLeft: boolean
  resume?: { lastEventId: string | undefined; jobs: Iterable<J> } | undefined
}

/** An index that is incomplete is looked at again after this many milliseconds, at the next event. */
const CHECK_INTERVAL = 5000

/**
 * Yields history, then live events, as one. Subscribes first and reads history second, while the stream waits in its
 * socket: every page is then at least as new as the stream's first position, so nothing is lost between the two, and
 * each page says up to which position the stream repeats it.
 */
export async function* track<J extends JobBase>(
  url: string | URL,
  options: TrackOptions<J>,
): AsyncGenerator<FollowEvent<J>, void, undefined> {
  const { resume, order } = options
  const p = createProgress(options)
  let matcher: Matcher | undefined
  // False from a gap on, until a server with a complete index has been read.
  let settled = true
  let lastCheck = Number.NEGATIVE_INFINITY

  for await (const event of subscribe<J>(url, { ...options, lastEventId: resume?.lastEventId })) {
    if (event.type === 'unavailable') {
      yield { ...event, id: null }
      continue
    }
    const streamAt = BigInt(event.id)
    const position = () => (settled && streamAt >= p.readEnd ? event.id : null)
    if (event.type === 'connected') {
      // After the connection, and not before: if the filter is wrong, the stream's refusal says why.
      matcher ??= await readMatcher(url, options)
      p.matches = matcher
      // A continuation names the head of now, and what leads there is still to come.
      if (event.data.resumed !== true) {
        p.indexed = BigInt(event.data.blockNumber)
        settled = false
        lastCheck = Number.NEGATIVE_INFINITY
      }
      yield { ...event, id: position() }
    } else if (event.type === 'ping') {
      p.indexed = BigInt(event.data.blockNumber)
      yield { ...event, id: position() }
    } else {
      if (event.type === 'job_created') p.indexed = BigInt(event.data.blockNumber)
      const change = applyLive(p, { ...event, id: streamAt })
      if (change) yield toEvent(change, position())
    }
    if (!settled && performance.now() - lastCheck >= CHECK_INTERVAL) {
      lastCheck = performance.now()
      const changes = settle(p, { ...options, url, order, streamAt })
      let next = await changes.next()
      for (; !next.done; next = await changes.next()) yield toEvent(next.value, null)
      settled = next.value
      if (settled) yield { type: 'synced', id: position(), data: null }
    }
    if (settled && p.head !== undefined && p.indexed > p.head) {
      p.head = p.indexed
      p.known.raiseFloor(floorOf(p, p.head))
    }
  }
}

function toEvent<J extends JobBase>({ type, data, left }: Change<J>, id: string | null): FollowEvent<J> {
  return type === 'job_updated' ? { type, id, data, left } : { type, id, data }
}

function createProgress<J extends JobBase>(options: TrackOptions<J>): Progress<J> {
  const { start, latest, depth, keepLeft, resume } = options
  const known = createKnownJobs<J>(keepLeft)
  for (const job of resume?.jobs ?? []) known.put(jobKey(job), job)
  return {
    known,
    matches: () => true,
    start,
    latest,
    depth,
    indexed: 0n,
    head: resume ? 0n : undefined,
    from: start,
    readAt: -1n,
    asOf: new Map(),
    readEnd: -1n,
    quietEnd: undefined,
  }
}
