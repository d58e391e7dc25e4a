import { catchUp } from './catchUp.ts'
import type { Connected, Ping, Unavailable } from './events.ts'
import { type Matcher, readMatcher } from './filter.ts'
import { type Job, type JobBase, jobKey } from './job.ts'
import { createKnownJobs } from './known.ts'
import { applyLive } from './live.ts'
import { type Change, floorOf, type Progress } from './progress.ts'
import { type StreamOptions, subscribe } from './subscribe.ts'

/**
 * An event of `follow`. `id` is the position of the feed to resume from after this event. It is null while no
 * position is safe: the history is still being read, or the stream has not reached the position of the
 * history yet.
 */
export type FollowEvent<J extends JobBase = Job> =
  | { type: 'job_created'; id: string | null; data: J }
  /** `left`: the job matched the filter, and no longer does */
  | { type: 'job_updated'; id: string | null; data: J; left: boolean }
  | { type: 'job_removed'; id: string | null; data: J }
  /**
   * everything that the server has was yielded; live events follow. Not yielded if the stream resumes without
   * a gap.
   */
  | { type: 'synced'; id: string | null; data: null }
  | { type: 'connected'; id: string | null; data: Connected }
  | { type: 'ping'; id: string | null; data: Ping }
  | { type: 'unavailable'; id: null; data: Unavailable }

/** An event of a job. */
export type JobEvent<J extends JobBase = Job> = Extract<FollowEvent<J>, { data: J }>

export function isJobEvent<J extends JobBase>(event: FollowEvent<J>): event is JobEvent<J> {
  return event.type === 'job_created' || event.type === 'job_updated' || event.type === 'job_removed'
}

/** The jobs that an earlier run held at its end, and the event id to continue from. */
export interface EarlierRun<J extends JobBase = Job> {
  lastEventId?: string | undefined
  jobs: Iterable<J>
}

interface TrackOptions<J extends JobBase> extends StreamOptions {
  start: bigint
  /** true if no history is yielded */
  liveOnly: boolean
  order: 'asc' | 'desc'
  depth: bigint | undefined
  /** whether a job that left the filter stays known */
  keepLeft: boolean
  resume?: EarlierRun<J> | undefined
}

/** While the index is incomplete, the server is asked again at the first event after this many milliseconds. */
const CHECK_INTERVAL = 5000

/**
 * Yields history, then live events, as one. It subscribes first and reads the history second, while the
 * stream waits in its socket. Every page is then at least as new as the stream's first position, so nothing
 * is lost between the two. Each page also has a position: events up to it repeat what the page has.
 */
export async function* track<J extends JobBase>(
  url: string | URL,
  options: TrackOptions<J>,
): AsyncGenerator<FollowEvent<J>, void, undefined> {
  const { resume } = options
  const progress = initialProgress(options)
  let matcher: Matcher | undefined
  // False after a gap, until the history of a complete index has been read.
  let caughtUp = true
  let lastCheck = Number.NEGATIVE_INFINITY

  for await (const event of subscribe<J>(url, { ...options, lastEventId: resume?.lastEventId })) {
    if (event.type === 'unavailable') {
      yield { ...event, id: null }
      continue
    }
    const streamAt = BigInt(event.id)
    // The stream has passed every read, so no later event can be outdated. The map is cleared because it may
    // hold most jobs of the history.
    if (streamAt > progress.readEnd) progress.jobReadAt.clear()
    const position = () => (caughtUp && streamAt >= progress.readEnd ? event.id : null)
    if (event.type === 'connected') {
      // Read once the stream is open: if the filter is wrong, the server refuses the stream with the reason.
      matcher ??= await readMatcher(url, options)
      progress.matches = matcher
      // A resumed stream reports the block indexed now before it sends the missed events. It is not used
      // here, because `indexed` must not run ahead of the events.
      if (event.data.resumed !== true) {
        progress.indexed = BigInt(event.data.blockNumber)
        caughtUp = false
        lastCheck = Number.NEGATIVE_INFINITY
      }
      yield { ...event, id: position() }
    } else if (event.type === 'ping') {
      progress.indexed = BigInt(event.data.blockNumber)
      yield { ...event, id: position() }
    } else {
      if (event.type === 'job_created') progress.indexed = BigInt(event.data.blockNumber)
      const change = applyLive(progress, { ...event, id: streamAt })
      if (change) yield followEventOf(change, position())
    }
    if (!caughtUp && performance.now() - lastCheck >= CHECK_INTERVAL) {
      lastCheck = performance.now()
      const changes = catchUp(progress, { ...options, url, streamAt })
      let next = await changes.next()
      for (; !next.done; next = await changes.next()) yield followEventOf(next.value, null)
      caughtUp = next.value
      if (caughtUp) yield { type: 'synced', id: position(), data: null }
    }
    const { indexed, highest = indexed } = progress
    if (caughtUp && indexed > highest) {
      progress.highest = indexed
      progress.known.raiseFloor(floorOf(progress, indexed))
    }
  }
}

function followEventOf<J extends JobBase>(
  { type, data, left }: Change<J>,
  id: string | null,
): FollowEvent<J> {
  return type === 'job_updated' ? { type, id, data, left } : { type, id, data }
}

function initialProgress<J extends JobBase>(options: TrackOptions<J>): Progress<J> {
  const { start, liveOnly, depth, keepLeft, resume } = options
  const known = createKnownJobs<J>(keepLeft)
  for (const job of resume?.jobs ?? []) known.put(jobKey(job), job)
  return {
    known,
    matches: () => true,
    start,
    liveOnly,
    depth,
    indexed: 0n,
    highest: resume ? 0n : undefined,
    from: start,
    readBeganAt: -1n,
    jobReadAt: new Map(),
    readEnd: -1n,
    recordedAt: undefined,
  }
}
