import { errorOf, isTransient, JobcastError, type RequestOptions, requestHeaders } from './request.ts'

/**
 * Longest delay of a timer in milliseconds. A longer delay overflows 32 bits, and the timer fires at once.
 */
export const LONGEST_TIMER = 2 ** 31 - 1

/** Bounds of a delay in milliseconds. A server that asks for a longer one gets it. */
const SHORTEST_BACKOFF = 250
const LONGEST_BACKOFF = 30_000
/** Milliseconds before the first repetition of a request. */
const FIRST_BACKOFF = 500
/** Milliseconds that an answer may take as a whole. */
const ANSWER_TIMEOUT = 30_000

/**
 * Returns the milliseconds until the next attempt. The delay doubles from `base` on and is never shorter than
 * the server asks for. Up to 30% of jitter is added, so that the clients of a restarted server do not all
 * return at once.
 */
export function backoff(base: number, failures: number, error?: unknown): number {
  const doubled = Math.max(base, SHORTEST_BACKOFF) * 2 ** Math.max(0, failures - 1)
  const asked = error instanceof JobcastError ? (error.retryAfter ?? 0) : 0
  const delay = Math.max(Math.min(doubled, Math.max(LONGEST_BACKOFF, base)), asked)
  return Math.min(delay * (1 + Math.random() * 0.3), LONGEST_TIMER)
}

/** Waits for a delay of {@link backoff}. An abort ends the wait early and without an error. */
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

export interface ReadOptions extends RequestOptions {
  /** attempts before the error of the last one is thrown; 5 by default */
  attempts?: number
}

/**
 * Requests JSON. The request is repeated if it fails or if `parse` throws. Each repetition is reported
 * to `onRetry`.
 * @throws JobcastError if the server refuses permanently, the last error after `attempts`, the signal's reason
 * on abort
 */
export async function readJson<T>(url: URL, options: ReadOptions, parse: (body: unknown) => T): Promise<T> {
  const { signal, attempts = 5 } = options
  const headers = requestHeaders('application/json', options.apiKey)
  for (let failures = 1; ; failures++) {
    try {
      const limit = AbortSignal.timeout(ANSWER_TIMEOUT)
      const response = await fetch(url, {
        headers,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
        cache: 'no-store',
      })
      if (!response.ok) throw await errorOf(response)
      return parse(await jsonOf(response, url))
    } catch (error) {
      signal?.throwIfAborted()
      if (!isTransient(error) || failures >= attempts) throw error
      const delay = backoff(FIRST_BACKOFF, failures, error)
      options.onRetry?.({ error, delay })
      await pause(delay, signal)
    }
  }
}

async function jsonOf(response: Response, url: URL): Promise<unknown> {
  try {
    return await response.json()
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new Error(`${url.origin}${url.pathname} did not answer with JSON`, { cause })
  }
}
