import type { Job, jobStatuses } from '../job.ts'
import {
  address,
  backoff,
  filterQuery,
  isTransient,
  pause,
  type RequestOptions,
  refusal,
  requestHeaders,
  withTimeout,
} from './request.ts'

export interface HistoryOptions extends RequestOptions {
  status?: readonly (typeof jobStatuses)[number][] | undefined
  /** inclusive */
  fromBlock?: bigint | number | string | undefined
  toBlock?: bigint | number | string | undefined
  /** newest first (`desc`, the default) or in the order of the chain */
  order?: 'asc' | 'desc' | undefined
  /** jobs a request, at most 100, which is the default */
  pageSize?: number | undefined
}

/** One answer of the server. `lastEventId` is the feed's position at the moment its rows were read. */
export interface JobPage {
  data: Job[]
  pagination: { next: string | null }
  lastEventId: string
}

/**
 * Every stored job that fits, page after page. Jobs that arrive meanwhile do not shift the pages.
 * A busy or restarting server is asked again a few times.
 * @throws JobcastError where the server refuses, the signal's reason on abort: an end without an error is
 * always the end of the history.
 */
export async function* history(
  url: string | URL,
  options: HistoryOptions = {},
): AsyncGenerator<Job, void, undefined> {
  for await (const page of pages(url, options)) yield* page.data
}

export interface PagesOptions extends HistoryOptions {
  /** how often one page is asked for before its error is thrown */
  attempts?: number
  /** An answer from before this feed position is asked for again: a cache or a replica that lags. */
  notBefore?: string
}

/** {@link history} by the page. */
export async function* pages(url: string | URL, options: PagesOptions = {}): AsyncGenerator<JobPage> {
  const { status, fromBlock, toBlock, order, pageSize = 100 } = options
  const target = address(url, 'api/v1/jobs', {
    ...filterQuery(options.filter),
    status,
    fromBlock: fromBlock?.toString(),
    toBlock: toBlock?.toString(),
    order,
    limit: String(pageSize),
  })
  for (;;) {
    const page = await readPage(target, options)
    yield page
    if (page.pagination.next === null) return
    target.searchParams.set('cursor', page.pagination.next)
  }
}

async function readPage(url: URL, options: PagesOptions): Promise<JobPage> {
  const { signal, attempts = 5, notBefore = '0' } = options
  const headers = requestHeaders('application/json', options.apiKey)
  for (let failures = 1; ; failures++) {
    try {
      const response = await fetch(url, { headers, signal: withTimeout(signal), cache: 'no-store' })
      if (!response.ok) throw await refusal(response)
      const page = (await response.json()) as JobPage
      if (BigInt(page.lastEventId) >= BigInt(notBefore)) return page
      throw new Error(`${url.origin} answered with rows older than its stream`)
    } catch (error) {
      signal?.throwIfAborted()
      if (!isTransient(error) || failures >= attempts) throw error
      await pause(backoff(500, failures, error), signal)
      signal?.throwIfAborted()
    }
  }
}
