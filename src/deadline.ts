/**
 * Waits for a promise, but not longer than `ms` milliseconds. It does not cancel the work that settles
 * the promise.
 * @throws the error that `late` returns, if the promise has not settled by then
 */
export async function withDeadline<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms)
  })
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer))
}
