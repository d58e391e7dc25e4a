import pino from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openFeed } from '../../src/feed/feed.ts'
import type { FeedState, FeedStore } from '../../src/feed/store.ts'
import type { FeedEntry } from '../../src/store/feed.ts'
import { until } from '../helpers/until.ts'

const entry = (id: number): FeedEntry => ({ id, type: 'job_created', data: '{}', before: null })
const commitOf = (lastId: number) => ({ lastId, blockNumber: lastId, finalizedNumber: 0 })
const stateOf = (lastId: number): FeedState => ({ ...commitOf(lastId), prunedId: 0 })

/**
 * A feed at id 10, and the ids after which it read the store. The reads of entries end when the test ends
 * them.
 */
async function openAtTen() {
  const reads: number[] = []
  let answer: (entries: FeedEntry[]) => void = () => {}
  const store: FeedStore = {
    state: async () => stateOf(10),
    read(afterId) {
      reads.push(afterId)
      return new Promise((resolve) => {
        answer = resolve
      })
    },
    readTail: async () => [entry(10)],
    listen: async () => {},
  }
  const feed = openFeed(store, pino({ level: 'silent' }))
  onTestFinished(feed.close)
  let rebuilt = false
  let changes = 0
  feed.watch({ onChange: () => void changes++, onTailReplaced: () => (rebuilt = true) })
  await until(() => feed.lastId() === 10, { message: 'the feed was read' })
  changes = 0
  return {
    feed,
    store,
    reads,
    changes: () => changes,
    rebuilt: () => rebuilt,
    answer: (all: FeedEntry[]) => answer(all),
  }
}

describe('a commit of the same process', () => {
  it('is in the feed at once, without a read of the store', async () => {
    const { feed, reads, changes } = await openAtTen()
    feed.takeCommit(commitOf(12), [entry(11), entry(12)])
    expect(feed.lastId()).toBe(12)
    expect(feed.recent(10, 9)?.map(({ id }) => id)).toEqual([11, 12])
    expect(feed.indexed().blockNumber).toBe(12)
    expect(changes()).toBe(1)
    await feed.refresh()
    expect(reads).toEqual([])
  })

  it('is read from the store if the feed lacks the entries before it', async () => {
    const { feed, reads, answer } = await openAtTen()
    feed.takeCommit(commitOf(12), [entry(12)])
    expect(feed.lastId()).toBe(10)
    await until(() => reads.length > 0, { message: 'the store is read' })
    answer([entry(11), entry(12)])
    await until(() => feed.lastId() === 12, { message: 'the entries were read' })
    expect(reads).toEqual([10])
  })

  it('is read from the store in parts if it has more entries than one read returns', async () => {
    const { feed, reads, answer } = await openAtTen()
    const entries = Array.from({ length: 1_001 }, (_, i) => entry(11 + i))
    feed.takeCommit(commitOf(1_011), entries)
    expect(feed.lastId()).toBe(10)
    await until(() => reads.length === 1, { message: 'the store is read' })
    answer(entries.slice(0, 1_000))
    await until(() => reads.length === 2, { message: 'the store is read again' })
    answer(entries.slice(1_000))
    await until(() => feed.lastId() === 1_011, { message: 'all entries were read' })
    expect(reads).toEqual([10, 1_010])
  })

  it('is in the feed once, even if its notification has begun a read', async () => {
    const { feed, reads, rebuilt, answer } = await openAtTen()
    feed.takeCommit(commitOf(12), [])
    await until(() => reads.length > 0, { message: 'the store is read' })
    feed.takeCommit(commitOf(11), [entry(11)])
    expect(feed.lastId()).toBe(11)
    answer([entry(11), entry(12)])
    await until(() => feed.lastId() === 12, { message: 'the entries were read' })
    expect(feed.recent(10, 9)?.map(({ id }) => id)).toEqual([11, 12])
    expect(rebuilt()).toBe(false)
  })

  it('does not look like a restored database if the state was read before it', async () => {
    const { feed, store, rebuilt } = await openAtTen()
    let answerState: (state: FeedState) => void = () => {}
    const asked = new Promise<void>((resolve) => {
      store.state = () => {
        resolve()
        return new Promise((answer) => {
          answerState = answer
        })
      }
    })
    const refreshed = feed.refresh()
    await asked
    feed.takeCommit(commitOf(11), [entry(11)])
    answerState(stateOf(10))
    await refreshed
    expect(rebuilt()).toBe(false)
    expect(feed.lastId()).toBe(11)
    expect(feed.indexed().blockNumber).toBe(11)
  })
})
