/**
 * Lets concurrent callers with the same query share one read: after a restart, thousands of clients request
 * the first page of the history at once. A caller joins a queued read, never one that is running, so its
 * answer has everything that was committed before the call.
 */
export function coalesce<Query, Answer>(
  read: (query: Query) => Promise<Answer>,
): (query: Query) => Promise<Answer> {
  const running = new Map<string, Promise<Answer>>()
  const queued = new Map<string, Promise<Answer>>()

  function start(key: string, query: Query): Promise<Answer> {
    queued.delete(key)
    const answer = read(query).finally(() => {
      if (running.get(key) === answer) running.delete(key)
    })
    running.set(key, answer)
    return answer
  }

  return (query) => {
    const key = JSON.stringify(query)
    const current = running.get(key)
    if (!current) return start(key, query)
    const begin = () => start(key, query)
    const next = queued.get(key) ?? current.then(begin, begin)
    queued.set(key, next)
    return next
  }
}
