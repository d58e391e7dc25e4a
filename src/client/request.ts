import type { strategyTypes } from '../job.ts'

/** One filter for history and stream. Values of one field are OR'd, fields are AND'd. */
export interface JobFilter {
  clientId?: readonly (string | bigint)[] | undefined
  strategyType?: readonly StrategyType[] | undefined
  /** 1 = L0 … 4 = L3 */
  verificationLevel?: readonly number[] | undefined
  /** decimal USDC, inclusive: `'100.5'` */
  minBudget?: string | undefined
  maxBudget?: string | undefined
}
export type StrategyType = (typeof strategyTypes)[number]

/** What every call of the client takes. */
export interface RequestOptions {
  filter?: JobFilter | undefined
  /** for a server that has API_KEYS set */
  apiKey?: string | undefined
  signal?: AbortSignal | undefined
}

/** The server's refusal: its HTTP status, its `error.code` and its message. */
export class JobcastError extends Error {
  override name = 'JobcastError'
  readonly status: number
  readonly code: string
  /** milliseconds the server asks to wait, where it says so */
  readonly retryAfter: number | undefined
  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

/** Whether the same request may succeed later: anything but the server's verdict on the request itself. */
export function isTransient(error: unknown): boolean {
  return !(error instanceof JobcastError) || [408, 425, 429].includes(error.status) || error.status >= 500
}

type Query = Record<string, string | readonly (string | number | bigint)[] | undefined>

/**
 * The address of `path` below the server's base URL, which may itself have a path (a reverse proxy's prefix).
 * In a browser the base may be relative.
 * @throws TypeError where `base` is no http(s) URL.
 */
export function address(base: string | URL, path: string, query: Query = {}): URL {
  const root = new URL(base, globalThis.location?.href)
  if (!/^https?:$/.test(root.protocol)) throw new TypeError(`not an http(s) URL: ${root.href}`)
  const url = new URL(root.pathname.replace(/\/*$/, '/') + path, root)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value.length > 0) url.searchParams.set(name, String(value))
  }
  return url
}

/** The filter as the API spells it. */
export function filterQuery(filter: JobFilter = {}): Query {
  const { clientId, strategyType, verificationLevel, minBudget, maxBudget } = filter
  return { clientId, strategyType, verificationLevel, minBudget, maxBudget }
}

/** Built before the first attempt, so that a key no header can carry fails at once and not for ever. */
export function requestHeaders(accept: string, apiKey?: string): Headers {
  const headers = new Headers({ accept })
  if (apiKey !== undefined) headers.set('x-api-key', apiKey)
  return headers
}

const ANSWER_TIMEOUT = 30_000

/** For a request with a short answer: the caller's signal, and an end to waiting for a dead server. */
export function withTimeout(signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(ANSWER_TIMEOUT)
  return signal ? AbortSignal.any([signal, limit]) : limit
}

/** Reads an answer that is not 2xx. */
export async function refusal(response: Response): Promise<JobcastError> {
  const body = await response.json().catch(() => undefined)
  return new JobcastError(
    response.status,
    body?.error?.code ?? `HTTP_${response.status}`,
    body?.error?.message ?? `${response.status} ${response.statusText} from ${response.url}`,
    parseRetryAfter(response.headers.get('retry-after')),
  )
}

function parseRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

const LONGEST_BACKOFF = 30_000
const SHORTEST_BACKOFF = 250

/**
 * Milliseconds until the next attempt: doubling from `base`, never sooner than the server asks, and spread
 * upward, so that the clients of a restarted server do not come back as one.
 */
export function backoff(base: number, failures: number, error?: unknown): number {
  const doubled = Math.max(base, SHORTEST_BACKOFF) * 2 ** Math.max(0, Math.min(failures, 16) - 1)
  const asked = error instanceof JobcastError ? (error.retryAfter ?? 0) : 0
  return Math.max(Math.min(doubled, Math.max(LONGEST_BACKOFF, base)), asked) * (1 + Math.random() * 0.3)
}

/** Waits; an abort ends the wait early and without an error. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end, { once: true })
  })
}
