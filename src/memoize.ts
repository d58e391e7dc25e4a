/**
 * Memoizes a read. Callers share a pending read, and its value for `ms` milliseconds after it has resolved.
 * So only one read runs at a time. A rejection is not kept.
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
