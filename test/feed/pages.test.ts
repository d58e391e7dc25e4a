import type { Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { createFanout } from '../../src/feed/fanout.ts'
import type { Feed } from '../../src/feed/feed.ts'
import type { FeedWatcher } from '../../src/feed/reader.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { until } from '../helpers/until.ts'

it('while the database does not answer, a stream that needs a page reads it once a second, whatever is committed meanwhile', async () => {
  let reads = 0
  const watchers: FeedWatcher[] = []
  const feed: Feed = {
    lastId: () => 100,
    indexed: () => ({ blockNumber: 1, finalizedNumber: 0 }),
    recent: () => undefined,
    countAfter: () => 0,
    stored() {
      reads++
      return Promise.reject(new Error('no answer'))
    },
    refresh: async () => {},
    takeCommit() {},
    watch: (watcher) => void watchers.push(watcher),
    close() {},
  }
  const fanout = createFanout(feed, { keepaliveMs: 60_000, stallMs: 60_000, metrics: createMetrics() })
  onTestFinished(fanout.close)
  fanout.open({
    socket: { write: () => true } as unknown as Socket,
    filter: { key: '', passes: () => true },
    chunked: true,
    position: 1,
    first: '',
    end() {},
  })
  await until(() => reads === 1, { message: 'the page is read' })
  for (let i = 0; i < 20; i++) {
    for (const { onChange } of watchers) onChange()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(reads).toBe(1)
  await until(() => reads === 2, { message: 'the page is read again' })
})
