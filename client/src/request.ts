/**
 * Selects jobs by the query parameters of the contract's definition: `status`, `participant`, `minBudget` …
 * The values of a list are OR'd, parameters are AND'd. An undefined parameter and an empty list are left out.
 * `GET /api/v1/config` lists the parameters; the server refuses an unknown one.
 */
export type JobFilter = Record<string, FilterValue | readonly FilterValue[] | undefined>
export type FilterValue = string | number | bigint

/** Why a request is repeated or a stream reconnected. */
export interface Retry {
  /** undefined if the server ended the stream without an error */
  error: unknown
  /** milliseconds until the next attempt */
  delay: number
}

/** Options of every function of the client. */
export interface RequestOptions {
  filter?: JobFilter | undefined
  /** for a server that has API_KEYS set */
  apiKey?: string | undefined
  signal?: AbortSignal | undefined
  /** Called before each wait: the stream was lost, or a request failed and will be repeated. */
  onRetry?: ((retry: Retry) => void) | undefined
}

/**
 * The server refused a request: the HTTP status, and the `code` and `message` of the error body. The code is
 * `HTTP_<status>` without such a body. Two codes are the client's own: `NOT_A_STREAM` if the answer is no
 * stream of Jobcast, and `FRAME_TOO_LARGE` if an event has more than 1,048,576 characters.
 */
export class JobcastError extends Error {
  override name = 'JobcastError'
  readonly status: number
  readonly code: string
  /** milliseconds of the `Retry-After` header; undefined if there is none */
  readonly retryAfter: number | undefined
  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

/**
 * Returns whether the same request may succeed later. A request that the server refused as invalid, as with a
 * 400, never will.
 */
export function isTransient(error: unknown): boolean {
  return !(error instanceof JobcastError) || [408, 425, 429].includes(error.status) || error.status >= 500
}

/**
 * Returns the URL of `path` below the server's base URL, which may have a path of its own (the prefix of a
 * reverse proxy). In a browser the base may be relative. Lists in `query` are comma-joined.
 * @throws TypeError if `base` is not an http(s) URL or has a user name or a password, or if the browser is too old
 */
export function apiUrl(base: string | URL, path: string, query: JobFilter = {}): URL {
  const root = new URL(base, globalThis.location?.href)
  if (!/^https?:$/.test(root.protocol)) throw new TypeError(`not an http(s) URL: ${root.href}`)
  // fetch() rejects such a URL with a TypeError, which isTransient() would take for a temporary failure.
  if (root.username !== '' || root.password !== '')
    throw new TypeError(`a URL with a user name or a password cannot be requested: ${root.host}`)
  if (!('any' in AbortSignal))
    throw new TypeError(
      'this browser has no AbortSignal.any; jobcast-client needs Chrome 116, Firefox 124, Safari 17.4 or later',
    )
  // Not resolved as a relative URL, in which a path that begins with // would be a host.
  const url = new URL(root.origin)
  url.pathname = root.pathname.replace(/\/*$/, '/') + path
  for (const [name, value] of Object.entries(query)) {
    const text = String(value ?? '')
    if (text !== '') url.searchParams.set(name, text)
  }
  return url
}

/**
 * Makes the headers of a request. Called before the first attempt, so that an invalid key is not retried.
 * @throws TypeError for a key that no header can carry
 */
export function requestHeaders(accept: string, apiKey?: string): Headers {
  const headers = new Headers({ accept })
  if (apiKey !== undefined) headers.set('x-api-key', apiKey)
  return headers
}

/** Returns the error of a response that is not 2xx. */
export async function errorOf(response: Response): Promise<JobcastError> {
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

/** Returns the `data` of an answer of the API; empty if the answer has none. */
export function dataOf(body: unknown): Record<string, unknown> {
  return isObject(body) && isObject(body.data) ? body.data : {}
}

/** Returns whether a JSON value is an object, whose properties can then be read. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
