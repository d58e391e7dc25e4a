import { type Job, type JobBase, jobKey } from './job.ts'
import { address, type RequestOptions } from './request.ts'
import { type ReadOptions, readJson } from './retry.ts'

export interface HistoryOptions extends RequestOptions {
  /** inclusive */
  fromBlock?: bigint | number | string | undefined
  toBlock?: bigint | number | string | undefined
  /** newest first (`desc`, the default) or in the order of the chain */
  order?: 'asc' | 'desc' | undefined
  /** jobs a request, at most 100, which is the default */
  pageSize?: number | undefined
}

/** One answer of the server. `lastEventId` is the feed's position at the moment its rows were read. */
export interface JobPage<J extends JobBase> {
  data: J[]
  pagination: { next: string | null }
  lastEventId: string
}

/**
 * Yields every stored job that matches, page after page. Jobs that arrive meanwhile do not shift the pages. A request
 * that fails is repeated a few times.
 * @throws JobcastError if the server refuses, the signal's reason on abort: an end without an error is always the end
 * of the history
 */
export async function* history<J extends JobBase = Job>(
  url: string | URL,
  options: HistoryOptions = {},
): AsyncGenerator<J, void, undefined> {
  for await (const page of pages<J>(url, options)) yield* page.data
}

export interface PagesOptions extends HistoryOptions, ReadOptions {
  /**
   * The feed position that every answer must have reached, or an older answer of the same read: what is older comes
   * from a cache or a replica that lags, and is requested again.
   */
  notBefore?: bigint
}

/** {@link history} by the page. */
export async function* pages<J extends JobBase>(
  url: string | URL,
  options: PagesOptions = {},
): AsyncGenerator<JobPage<J>> {
  const { fromBlock, toBlock, order, pageSize = 100 } = options
  const target = address(url, 'api/v1/jobs', {
    ...options.filter,
    fromBlock: fromBlock?.toString(),
    toBlock: toBlock?.toString(),
    order,
    limit: pageSize,
  })
  let { notBefore } = options
  for (;;) {
    const page = await readJson(target, options, (body) => {
      if (!isPage<J>(body))
        throw new Error(`${target.origin} answered with something else than a page of jobs`)
      if (notBefore !== undefined && BigInt(body.lastEventId) < notBefore)
        throw new Error(`${target.origin} answered with a history older than its stream`)
      return body
    })
    if (notBefore !== undefined) notBefore = BigInt(page.lastEventId)
    yield page
    if (page.pagination.next === null) return
    target.searchParams.set('cursor', page.pagination.next)
  }
}

function isPage<J extends JobBase>(body: unknown): body is JobPage<J> {
  const { data, pagination, lastEventId } = (body ?? {}) as Partial<JobPage<J>>
  return Array.isArray(data) && pagination?.next !== undefined && /^\d+$/.test(String(lastEventId))
}

/** The feed's position now. */
export async function readPosition(url: string | URL, options: PagesOptions): Promise<bigint> {
  const first = await pages(url, { ...options, filter: undefined, pageSize: 1 }).next()
  return BigInt(first.value?.lastEventId ?? 0)
}

/** A job as the history has it now; undefined if the chain has it no longer. */
export interface Located<J extends JobBase> {
  key: string
  job: J | undefined
  /** the feed's position as of which this holds */
  at: bigint
}

/**
 * Looks up jobs among all of the history, whether a filter matches them or not. A page answers for every block it
 * covers, so neighbouring jobs share a request.
 * @param keys by block, each block's keys together
 */
export async function* locate<J extends JobBase>(
  url: string | URL,
  keys: Map<bigint, string[]>,
  options: PagesOptions,
): AsyncGenerator<Located<J>> {
  let rest = [...keys].sort(([a], [b]) => (a < b ? -1 : 1))
  const toBlock = rest.at(-1)?.[0] ?? 0n
  while (rest[0] !== undefined) {
    const [fromBlock] = rest[0]
    const found = new Map<string, { job: J; at: bigint }>()
    // A job that no page has was absent when the first one was read: later pages say nothing about its position.
    let absentAt: bigint | undefined
    let covered = toBlock
    for await (const page of pages<J>(url, {
      ...options,
      filter: undefined,
      fromBlock,
      toBlock,
      order: 'asc',
    })) {
      const at = BigInt(page.lastEventId)
      absentAt ??= at
      for (const job of page.data) found.set(jobKey(job), { job, at })
      const last = page.data.at(-1)
      // The block of the last job may continue on the next page.
      covered = page.pagination.next === null || !last ? toBlock : BigInt(last.blockNumber) - 1n
      if (covered >= fromBlock) break
    }
    for (const [block, wanted] of rest) {
      if (block > covered) break
      for (const key of wanted)
        yield { key, job: found.get(key)?.job, at: found.get(key)?.at ?? (absentAt as bigint) }
    }
    rest = rest.filter(([block]) => block > covered)
  }
}
