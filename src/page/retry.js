const FIRST_DELAY_MS = 1000
const LONGEST_DELAY_MS = 30_000

/**
 * Creates the delays between attempts in ms: doubled each time up to 30 s, with jitter, so that many pages do
 * not return at once.
 */
export function createBackoff() {
  let delay = FIRST_DELAY_MS
  return {
    next() {
      const jittered = delay * (0.5 + Math.random() / 2)
      delay = Math.min(delay * 2, LONGEST_DELAY_MS)
      return jittered
    },
    reset() {
      delay = FIRST_DELAY_MS
    },
  }
}

/**
 * Calls `read` until it succeeds. The delay between attempts is the error's `retryAfter` in seconds, if it
 * has one.
 * @param onError called with each error; returns true if another attempt is pointless
 * @returns the result of `read`; undefined if `onError` returned true or `signal` was aborted
 */
export async function retry(read, { onError, signal }) {
  const backoff = createBackoff()
  while (!signal?.aborted) {
    try {
      return await read()
    } catch (error) {
      if (signal?.aborted || onError(error)) return undefined
      const delay = error.retryAfter === undefined ? backoff.next() : error.retryAfter * 1000
      await new Promise((resolve) => setTimeout(resolve, delay))
    }
  }
}
