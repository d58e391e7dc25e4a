import { inspect } from 'node:util'

/**
 * Calls `fn` until its value is truthy, and resolves with that value.
 * @throws Error with the message and the last value, or the last error, after `timeout` ms.
 */
export async function until<T>(
  fn: () => T | Promise<T>,
  {
    timeout = 20_000,
    intervalMs = 20,
    message = 'condition',
  }: { timeout?: number; intervalMs?: number; message?: string } = {},
): Promise<NonNullable<Exclude<T, false | 0 | ''>>> {
  const end = performance.now() + timeout
  let last: unknown
  for (;;) {
    try {
      last = await fn()
      if (last) return last as NonNullable<Exclude<T, false | 0 | ''>>
    } catch (error) {
      last = error
    }
    if (performance.now() > end)
      throw new Error(
        `timed out after ${timeout} ms: ${message}; last: ${inspect(last, { depth: 4, breakLength: 120 })}`,
        last instanceof Error ? { cause: last } : {},
      )
    await new Promise((resolve) => setTimeout(resolve, intervalMs))
  }
}
