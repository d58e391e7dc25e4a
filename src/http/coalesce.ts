import { createTransientMap } from '../transientMap.ts'

/**
 * Lets callers with the same query share one read. For each query, at most one read runs and one waits, however
 * many callers there are. A caller joins a queued read, never one that is running, so its answer has everything
 * that was committed before the call.
 */
export function coalesce<Query, Answer>(
  read: (query: Query) => Promise<Answer>,
): (query: Query) => Promise<Answer> {
  const running = createTransientMap<Promise<Answer>>()
  const queued = createTransientMap<Promise<Answer>>()

  function start(key: string, query: Query): Promise<Answer> {
    delete queued[key]
    const answer = read(query).finally(() => {
      if (running[key] === answer) delete running[key]
    })
    running[key] = answer
    return answer
  }

  return (query) => {
    const key = JSON.stringify(query)
    const joined = queued[key]
    if (joined) return joined
    const current = running[key]
    if (!current) return start(key, query)
    const begin = () => start(key, query)
    const next = current.then(begin, begin)
    queued[key] = next
    return next
  }
}
