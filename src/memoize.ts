/**
 * Memoizes a read: callers share a pending promise, and its value for `ms` milliseconds after it has resolved. So only one read runs
 * at a time, however many callers there are. A rejection is not kept.
 */
export function memoize<T>(read: () => Promise<T>, ms: number): () => Promise<T> {
  let promise: Promise<T> | undefined
  let freshUntil = Number.POSITIVE_INFINITY
  return () => {
    if (promise !== undefined && performance.now() < freshUntil) return promise
    freshUntil = Number.POSITIVE_INFINITY
    promise = read()
    promise.then(
      () => {
        freshUntil = performance.now() + ms
      },
      () => {
        promise = undefined
      },
    )
    return promise
  }
}
