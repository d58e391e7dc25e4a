import { type Job, type JobBase, jobKey } from './job.ts'
import { apiUrl, isObject, type RequestOptions } from './request.ts'
import { type ReadOptions, readJson } from './retry.ts'

export interface HistoryOptions extends RequestOptions {
  /** inclusive */
  fromBlock?: bigint | number | string | undefined
  toBlock?: bigint | number | string | undefined
  /** newest first (`desc`, the default) or in the order of the chain */
  order?: 'asc' | 'desc' | undefined
  /** jobs per request: 100 by default, which is also the maximum */
  pageSize?: number | undefined
}

/** One page of the server. `lastEventId` is the position of the feed when its rows were read. */
interface JobPage<J extends JobBase> {
  data: J[]
  pagination: { next: string | null }
  lastEventId: string
}

/**
 * Yields every stored job that matches. Jobs that arrive in the meantime do not shift the pages. A
 * request that fails is repeated, at most four times. If the iteration ends without an error, the history
 * is complete.
 * @throws JobcastError if the server refuses, the last error after five attempts, and the signal's reason
 * on abort
 */
export async function* history<J extends JobBase = Job>(
  url: string | URL,
  options: HistoryOptions = {},
): AsyncGenerator<J, void, undefined> {
  for await (const page of pages<J>(url, options)) yield* page.data
}

interface PagesOptions extends HistoryOptions, ReadOptions {
  /**
   * The oldest position of the feed that a page may have. An older page comes from a cache or from a replica
   * that lags; it is requested again. Each page raises this for the pages after it.
   */
  notBefore?: bigint
}

/** Yields the pages of {@link history}. */
export async function* pages<J extends JobBase>(
  url: string | URL,
  options: PagesOptions = {},
): AsyncGenerator<JobPage<J>> {
  const { fromBlock, toBlock, order, pageSize = 100 } = options
  const target = apiUrl(url, 'api/v1/jobs', {
    ...options.filter,
    fromBlock: fromBlock?.toString(),
    toBlock: toBlock?.toString(),
    order,
    limit: pageSize,
  })
  let { notBefore } = options
  for (;;) {
    const page = await readJson(target, options, (body) => {
      if (!isPage<J>(body)) throw new Error(`${target.origin} did not answer with a page of jobs`)
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
  if (!isObject(body) || !isObject(body.pagination)) return false
  const { data, pagination, lastEventId } = body
  return Array.isArray(data) && pagination.next !== undefined && /^\d+$/.test(String(lastEventId))
}

/** Returns the present position of the feed. */
export async function readPosition(url: string | URL, options: PagesOptions): Promise<bigint> {
  const first = await pages(url, { ...options, filter: undefined, pageSize: 1 }).next()
  return BigInt(first.value.lastEventId)
}

/** A job that was looked up. */
interface Located<J extends JobBase> {
  key: string
  /** undefined if the chain no longer has it */
  job: J | undefined
  /** the position of the feed as of which this holds */
  at: bigint
}

/**
 * Looks up jobs in the history without a filter. A page answers for all blocks that it covers, so
 * neighbouring jobs share a request.
 * @param keys the keys of the jobs, by block
 */
export async function* locate<J extends JobBase>(
  url: string | URL,
  keys: Map<bigint, string[]>,
  options: PagesOptions,
): AsyncGenerator<Located<J>> {
  let rest = [...keys].sort(([a], [b]) => (a < b ? -1 : 1))
  const last = rest.at(-1)?.[0]
  while (rest[0] !== undefined && last !== undefined) {
    const [from] = rest[0]
    const { found, absentAt, covered } = await readBlocks<J>(url, { ...options, from, to: last })
    for (const [block, wanted] of rest)
      if (block <= covered)
        for (const key of wanted) yield { key, ...(found.get(key) ?? { job: undefined, at: absentAt }) }
    rest = rest.filter(([block]) => block > covered)
  }
}

/** Reads jobs until at least the first block is complete. */
async function readBlocks<J extends JobBase>(
  url: string | URL,
  { from, to, ...options }: PagesOptions & { from: bigint; to: bigint },
) {
  const found = new Map<string, { job: J; at: bigint }>()
  // The position of the first page is reported for a missing job, although the page that lacks it may be a later
  // one. A position that is too low is safe: it never marks a newer event of the job as outdated.
  let absentAt: bigint | undefined
  let covered = to
  for await (const page of pages<J>(url, {
    ...options,
    filter: undefined,
    fromBlock: from,
    toBlock: to,
    order: 'asc',
  })) {
    const at = BigInt(page.lastEventId)
    absentAt ??= at
    for (const job of page.data) found.set(jobKey(job), { job, at })
    const lastJob = page.data.at(-1)
    // The block of the last job may continue on the next page.
    covered = page.pagination.next === null || !lastJob ? to : BigInt(lastJob.blockNumber) - 1n
    if (covered >= from) break
  }
  return { found, absentAt: absentAt ?? 0n, covered }
}
