// Relative to this module: a proxy may serve the page under a path, and a job's page is one folder deeper.
const root = new URL('..', import.meta.url)
const apiKey = new URLSearchParams(location.search).get('api_key')

export const hasApiKey = apiKey !== null

/** Most jobs that the API returns in one page. */
export const PAGE_SIZE = 100
/**
 * Milliseconds after which a request that is not answered has failed. On the server, a request waits up to 5 s
 * for its turn, and its query is cancelled after 8 s.
 */
const RESPONSE_TIMEOUT_MS = 15_000

/**
 * An error response, with the API's own message. `retryAfter` is in seconds; undefined if the response
 * has none.
 */
export class ApiError extends Error {
  name = 'ApiError'
  constructor(message, status, retryAfter) {
    super(message)
    this.status = status
    this.retryAfter = retryAfter
  }

  /** Whether the same request would fail again: the request or the API key is not valid. */
  get isFinal() {
    return [400, 401, 403].includes(this.status)
  }
}

/** Returns the absolute address of an API path, without the API key, so that a reader may copy it. */
export function publicUrl(path, params) {
  return addressWith(new URL(`api/v1/${path}`, root), params)
}

/**
 * Returns the address of a URL with these parameters as its query. Commas separate values, and a query may
 * contain them unescaped.
 */
export function addressWith(url, params) {
  url.search = new URLSearchParams(params).toString().replaceAll('%2C', ',')
  return url.href
}

/** Returns the address with the page's API key, for EventSource and links, which cannot send a header. */
export function keyedUrl(path, params) {
  const all = new URLSearchParams(params)
  if (hasApiKey) all.set('api_key', apiKey)
  return publicUrl(path, all)
}

/** Returns the address of another page of this site, with the API key that this page was opened with. */
export function siteUrl(path) {
  const url = new URL(path, root)
  if (hasApiKey) url.searchParams.set('api_key', apiKey)
  return url.href
}

/**
 * Options of every request to the API. A cached response would be older than the position that the stream
 * starts at.
 */
export const requestInit = { headers: hasApiKey ? { 'x-api-key': apiKey } : {}, cache: 'no-store' }

/**
 * Requests an API path by GET.
 * @returns the whole envelope: `data`, and for a list also `pagination` and `lastEventId`
 * @throws as getJson()
 */
export const get = (path, params, signal) => getJson(publicUrl(path, params), signal)

/**
 * Requests JSON of this site by GET.
 * @throws ApiError for an error response or one that is not JSON; TypeError or DOMException if there is no
 *   response, or only a part of one
 */
export async function getJson(url, signal) {
  const response = await fetch(url, { ...requestInit, signal: withTimeout(signal) })
  const body = await response.json().catch((error) => {
    if (error instanceof SyntaxError) return null
    throw error
  })
  if (response.ok && body !== null) return body
  const retryAfter = Number(response.headers.get('retry-after')) || undefined
  const problem = response.ok
    ? 'The server did not answer with JSON'
    : `The server responded with status ${response.status}`
  throw new ApiError(body?.error?.message ?? problem, response.status, retryAfter)
}

/** Returns a signal that also aborts when the server has not answered in time. */
export function withTimeout(signal) {
  const timeout = AbortSignal.timeout(RESPONSE_TIMEOUT_MS)
  return signal ? AbortSignal.any([signal, timeout]) : timeout
}

/** Returns in words why the index is stale; null if it is not, or if the server gives no reason. */
export async function staleReason() {
  const init = { cache: 'no-store', signal: withTimeout() }
  const response = await fetch(new URL('ready', root), init).catch(() => null)
  if (response?.status !== 503) return null
  const body = await response.json().catch(() => null)
  return body?.reason ?? null
}
