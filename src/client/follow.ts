import type { Job } from '../job.ts'
import { type HistoryOptions, pages } from './history.ts'
import { type Change, created, forget, type Known, removed } from './known.ts'
import { address, type RequestOptions, requestHeaders, withTimeout } from './request.ts'
import { type StreamEvent, type SubscribeOptions, subscribe } from './subscribe.ts'

/**
 * A stream event, or one made from history, which has no position in the feed: `id` is null. `synced` says
 * that history has been told as far as the server has it, and what follows is live.
 */
export type FollowEvent =
  | StreamEvent
  | { type: 'job_created'; id: null; data: Job }
  | { type: 'job_removed'; id: null; data: Job }
  | { type: 'synced'; id: null; data: null }

export interface FollowOptions extends RequestOptions {
  /**
   * Where history begins, inclusive; default 0, everything. `'latest'`: no history, from now on only, and yet
   * without gaps.
   */
  fromBlock?: bigint | number | string | undefined
  /** the order of the history told first, default `'asc'`; what is live comes as it happens */
  order?: HistoryOptions['order']
  /**
   * How many blocks of jobs to remember (default 256). A reorg that is deeper AND happens while the connection
   * is gone for longer than the server's feed reaches back cannot be told; any other can.
   */
  reorgDepth?: number | undefined
  idleTimeout?: SubscribeOptions['idleTimeout']
  onDisconnect?: SubscribeOptions['onDisconnect']
}

const CHECK_INTERVAL = 5000

/**
 * History, then live, as one: each job once, and `job_removed` for each that a reorg took back, also across
 * restarts, reorgs during the read and gaps that the server's feed no longer covers.
 *
 * It subscribes first and reads history second, while the stream waits in its socket. Every page is then at
 * least as new as the stream's first position, so nothing falls between the two; what both tell is told once,
 * because a creation that is known and a removal of what is not known change nothing. A gap is closed the same
 * way, by reading again the blocks from `reorgDepth` below the last one known.
 *
 * Leave the loop or abort `signal` to end it.
 * @throws JobcastError where the server refuses for good (400, 401, …), with its message.
 */
export async function* follow(
  url: string | URL,
  options: FollowOptions = {},
): AsyncGenerator<FollowEvent, void, undefined> {
  const { signal, fromBlock = 0n } = options
  const depth = BigInt(options.reorgDepth ?? 256)
  const start = fromBlock === 'latest' ? 0n : BigInt(fromBlock)
  const known: Known = new Map()
  /** the block up to which all has been told; undefined until history has been read once */
  let head: bigint | undefined
  /** the server's head */
  let indexed = 0n
  /** false from a gap on, until a server with a complete index has been read */
  let settled = true
  let lastCheck = 0
  /** `'latest'`: `known` was read from a feed as far as here, and the stream has still to tell what led to it */
  let untold: bigint | undefined

  const floor = (block: bigint): bigint => (block - depth > start ? block - depth : start)

  try {
    for await (const event of subscribe(url, options)) {
      if (event.type === 'job_created' || event.type === 'job_removed') {
        for (const change of live(event.type, event.data, BigInt(event.id))) yield { ...change, id: event.id }
      } else {
        yield event
      }
      if (event.type === 'unavailable') continue
      const resuming = event.type === 'connected' && event.data.resumed === true
      // A continuation names the head of now, and what leads there is still to come.
      if (event.type !== 'job_removed' && !resuming) indexed = BigInt(event.data.blockNumber)
      if (event.type === 'connected' && !resuming) {
        settled = false
        lastCheck = 0
      }
      if (!settled && Date.now() - lastCheck >= CHECK_INTERVAL) {
        lastCheck = Date.now()
        for await (const change of settle(event.id)) yield { ...change, id: null }
      }
      if (settled && head !== undefined && indexed > head) {
        head = indexed
        forget(known, floor(head))
      }
    }
  } catch (error) {
    if (!signal?.aborted) throw error
  }

  /** What a live job event changes. Below what is remembered, the feed is the only witness. */
  function live(type: Change['type'], job: Job, id: bigint): Change[] {
    const block = BigInt(job.blockNumber)
    if (block < start) return []
    if (head !== undefined && block < floor(head)) return [{ type, data: job }]
    const changes = type === 'job_created' ? created(known, job) : removed(known, job)
    const asItCame = fromBlock === 'latest' && (untold === undefined || id <= untold)
    return asItCame ? [{ type, data: job }] : changes
  }

  /** Reads what the stream has not told: history the first time, afterwards the blocks around a gap. */
  async function* settle(notBefore: string): AsyncGenerator<Change | { type: 'synced'; data: null }> {
    // A database in its first sync lacks jobs that exist, and the stream will not tell of them. What it has is
    // shown the first time; what it lacks is told, or believed gone, only once it is complete.
    const complete = await isComplete(url, options)
    const first = head === undefined
    const quiet = first && fromBlock === 'latest'
    if (!complete && (!first || quiet)) return

    // A head far below ours is another chain: a devnet that began again. All of it is new.
    const another = head !== undefined && indexed + depth < head
    const remembered = floor(head === undefined || another ? indexed : head)
    const from = quiet || !(first || another) ? remembered : start
    const reached = indexed
    const missing = new Set<string>()
    for (const [jobId, job] of known) if (BigInt(job.blockNumber) >= from) missing.add(jobId)

    const order = first && options.order === 'desc' ? 'desc' : 'asc'
    const source = {
      ...options,
      fromBlock: from,
      toBlock: quiet ? reached : undefined,
      order,
      notBefore,
      attempts: Number.POSITIVE_INFINITY,
    } as const
    for await (const page of pages(url, source)) {
      if (quiet) untold = BigInt(page.lastEventId)
      for (const job of page.data) {
        missing.delete(job.jobId)
        if (BigInt(job.blockNumber) < remembered) yield { type: 'job_created', data: job }
        else for (const change of created(known, job)) if (!quiet) yield change
      }
    }
    if (complete) {
      for (const jobId of [...missing].reverse()) yield* removed(known, known.get(jobId) as Job)
    }
    if (first || another) head = reached
    settled = complete
    yield { type: 'synced', data: null }
  }
}

/** Whether the server has indexed the contract's past, which it does in silence; one that does not say counts as having. */
async function isComplete(url: string | URL, { apiKey, signal }: RequestOptions): Promise<boolean> {
  const headers = requestHeaders('application/json', apiKey)
  try {
    const response = await fetch(address(url, 'api/v1/stats'), {
      headers,
      signal: withTimeout(signal),
      cache: 'no-store',
    })
    if (response.status >= 500 || response.status === 429) return false
    const { data } = (await response.json()) as { data?: { syncing?: boolean } }
    return data?.syncing !== true
  } catch {
    return false
  }
}
