import pino from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { openFeed } from '../../src/feed/feed.ts'
import type { FeedStore } from '../../src/feed/store.ts'
import { until } from '../helpers/until.ts'

it('reads of the store never overlap, and calls share a read that has not begun', async () => {
  let committed = 10
  let running = 0
  let most = 0
  let states = 0
  const measured = async <T>(answer: () => T): Promise<T> => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    return answer()
  }
  const store: FeedStore = {
    state() {
      states++
      return measured(() => ({
        lastId: committed,
        prunedId: 0,
        blockNumber: committed,
        finalizedNumber: 0,
      }))
    },
    read: (afterId) =>
      measured(() =>
        Array.from({ length: committed - afterId }, (_, i) => ({
          id: afterId + 1 + i,
          type: 'job_created',
          data: '{}',
          before: null,
        })),
      ),
    readTail: () => measured(() => []),
    listen: async () => {},
  }
  const feed = openFeed(store, pino({ level: 'silent' }))
  onTestFinished(feed.close)
  await until(() => feed.lastId() === 10, { message: 'the feed was read' })
  states = 0

  const reads: Promise<void>[] = []
  for (let i = 0; i < 5; i++) {
    committed++
    feed.takeCommit({ lastId: committed, blockNumber: committed, finalizedNumber: 0 })
    reads.push(feed.refresh())
  }
  await Promise.all(reads)
  expect(feed.lastId()).toBe(15)
  expect(states).toBe(1)
  expect(most).toBe(1)
})
