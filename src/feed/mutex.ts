/**
 * Returns a wrapper for tasks that must not overlap. Wrapped tasks run one at a time, in the order in which
 * they were called. A call of a task that is already waiting shares its run. That run begins after the call,
 * so it sees everything that was committed before the call.
 */
export function createMutex() {
  let latest = Promise.resolve()
  return (task: () => Promise<void>) => {
    let waiting: Promise<void> | undefined
    return () => {
      if (waiting) return waiting
      waiting = latest.then(() => {
        waiting = undefined
        return task()
      })
      latest = waiting.catch(() => {})
      return waiting
    }
  }
}
