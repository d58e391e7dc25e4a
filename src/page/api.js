// Relative to this module, so that it also works behind a proxy that serves it under a path, and from a job's page.
const root = new URL('..', import.meta.url)
const apiKey = new URLSearchParams(location.search).get('api_key')

export const hasApiKey = apiKey !== null

/** An answer that is not a success, with the API's own message. `retryAfter` is in seconds, where it was sent. */
export class ApiError extends Error {
  name = 'ApiError'
  constructor(message, status, retryAfter) {
    super(message)
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** The absolute address of an API path, without the key: what a reader may copy. */
export function publicUrl(path, params) {
  const url = new URL(`api/v1/${path}`, root)
  // Commas are legal in a query and are how the API writes lists.
  url.search = new URLSearchParams(params).toString().replaceAll('%2C', ',')
  return url.href
}

/** The same with the page's API key, for EventSource and links, which cannot send a header. */
export function keyedUrl(path, params) {
  const all = new URLSearchParams(params)
  if (hasApiKey) all.set('api_key', apiKey)
  return publicUrl(path, all)
}

/** The address of another page of this site, with the key that this page was opened with. */
export function siteUrl(path) {
  const url = new URL(path, root)
  if (hasApiKey) url.searchParams.set('api_key', apiKey)
  return url.href
}

/**
 * GET an API path.
 * @returns the whole envelope: `data`, and for lists `pagination` and `lastEventId`.
 * @throws ApiError for an answer that is not a success; TypeError where no answer came.
 */
export async function get(path, params, signal) {
  const response = await fetch(publicUrl(path, params), {
    headers: hasApiKey ? { 'x-api-key': apiKey } : {},
    // The stream goes on from what this says: an answer of yesterday would leave a gap.
    cache: 'no-store',
    signal,
  })
  const body = await response.json().catch(() => null)
  if (response.ok && body?.success) return body
  const retryAfter = Number(response.headers.get('retry-after')) || undefined
  throw new ApiError(
    body?.error?.message ?? `The server answered ${response.status}`,
    response.status,
    retryAfter,
  )
}

/** Why the index is not fresh, in words; null if it is, or if the server does not say. */
export async function readiness() {
  const response = await fetch(new URL('ready', root), { cache: 'no-store' }).catch(() => null)
  if (response?.status !== 503) return null
  const body = await response.json().catch(() => null)
  return body?.reason ?? null
}
