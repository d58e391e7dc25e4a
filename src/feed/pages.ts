import { buildBatch } from './batch.ts'
import type { Subscriber } from './subscribers.ts'
import { deliver, flushCounts, startWalk, type Walk } from './walk.ts'

/** Events of one page. */
const PAGE_EVENTS = 128
/** Pages read at the same time, on the connections of the indexer and the feed. */
const MAX_READERS = 2
/** Delay before a failed read of a page is repeated, whatever is committed meanwhile. */
const RETRY_READ_MS = 1_000

/**
 * Returns a function that queues a subscriber whose position is no longer in memory. The subscriber then gets
 * a page from the store.
 * @param onPruned called if the store no longer keeps all events after the position
 */
export function createPageReader(
  walk: Walk,
  onPruned: (subscriber: Subscriber) => void,
): (subscriber: Subscriber) => void {
  const queue = new Set<Subscriber>()
  let readers = 0

  /** Reads a page for each queued subscriber, one after the other. */
  async function readPages(): Promise<void> {
    if (readers >= MAX_READERS) return
    readers++
    for (const subscriber of queue) {
      queue.delete(subscriber)
      if (walk.subscribers.has(subscriber)) await readPage(subscriber)
    }
    readers--
  }

  async function readPage(subscriber: Subscriber): Promise<void> {
    const { group, position } = subscriber
    const page = await walk.feed.stored(position, PAGE_EVENTS).catch(() => undefined)
    // The poll of the feed logs that the database does not answer.
    if (page === undefined) return void setTimeout(queuePage, RETRY_READ_MS, subscriber).unref()
    subscriber.waiting = false
    if (!walk.subscribers.has(subscriber)) return
    if (page === null) return onPruned(subscriber)
    walk.now = performance.now()
    deliver(walk, subscriber, buildBatch(group, position, page, Number.POSITIVE_INFINITY))
    flushCounts(walk)
    void startWalk(walk)
  }

  function queuePage(subscriber: Subscriber): void {
    subscriber.waiting = true
    queue.add(subscriber)
    void readPages()
  }
  return queuePage
}
