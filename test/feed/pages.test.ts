import type { Socket } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createFanout } from '../../src/feed/fanout.ts'
import type { Feed } from '../../src/feed/feed.ts'
import type { FeedWatcher } from '../../src/feed/reader.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { until } from '../helpers/until.ts'

/** The fan-out of a feed that has nothing in memory, and whose last id is 100. */
function openFanout(stored: Feed['stored']) {
  const watchers: FeedWatcher[] = []
  const feed: Feed = {
    lastId: () => 100,
    indexed: () => ({ blockNumber: 1, finalizedNumber: 0 }),
    recent: () => undefined,
    countAfter: () => 0,
    stored,
    refresh: async () => {},
    takeCommit() {},
    watch: (watcher) => void watchers.push(watcher),
    close() {},
  }
  const fanout = createFanout(feed, { keepaliveMs: 60_000, stallMs: 60_000, metrics: createMetrics() })
  onTestFinished(fanout.close)
  const subscribe = () =>
    fanout.open({
      socket: { write: () => true } as unknown as Socket,
      filter: { key: '', passes: () => true },
      chunked: true,
      position: 1,
      first: '',
      end() {},
    })
  return { subscribe, watchers }
}

it('pages are read one at a time, so that the indexer always has a connection for its steps', async () => {
  let running = 0
  let most = 0
  const { subscribe } = openFanout(async (position) => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    return [{ id: position + 33, previousId: position, type: 'jump' }]
  })
  const subscribers = Array.from({ length: 20 }, subscribe)
  await until(() => subscribers.every(({ position }) => position === 100), { message: 'all catch up' })
  expect(most).toBe(1)
})

it('while the database does not answer, a stream that needs a page reads it once a second, whatever is committed meanwhile', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  let reads = 0
  const { subscribe, watchers } = openFanout(() => {
    reads++
    return Promise.reject(new Error('no answer'))
  })
  const commitDuring = async (ms: number) => {
    for (const { onChange } of watchers) onChange()
    await vi.advanceTimersByTimeAsync(ms)
    for (const { onChange } of watchers) onChange()
  }
  subscribe()
  await commitDuring(999)
  expect(reads).toBe(1)
  await commitDuring(1)
  expect(reads).toBe(2)
})
