import type { Ping } from '../events.ts'
import type { Feed } from './feed.ts'
import { chunkBody, encodeChunk, encodeFrame } from './frames.ts'
import type { Subscriber } from './subscribers.ts'
import { connectionKey, readUnsent } from './unsent.ts'
import { flushCounts, isSliceOver, nextSlice, type Walk, write } from './walk.ts'

/** Checks within a stall limit of what clients took: reading the kernel's table takes 5 ms of CPU for 1,000 connections. */
const CHECKS_PER_LIMIT = 8

export interface SweepOptions {
  /** silence after which a stream is pinged */
  keepaliveMs: number
  /** time without a byte taken by its client after which a stream is stalled */
  stallMs: number
  onStalled(subscriber: Subscriber): void
}

/**
 * Pings the silent streams and finds the stalled ones, at least once a second.
 * @returns a function that stops it
 */
export function startSweeps(walk: Walk, { keepaliveMs, stallMs, onStalled }: SweepOptions): () => void {
  let checkedAt = performance.now()

  async function sweep(): Promise<void> {
    const full: Subscriber[] = []
    const ping = createPings(walk.feed)
    walk.now = performance.now()
    for (const subscriber of walk.subscribers) {
      if (subscriber.stalledAt > 0) full.push(subscriber)
      else if (walk.now - subscriber.wroteAt >= keepaliveMs)
        write(walk, subscriber, ping(subscriber.position, subscriber.group.chunked))
      if (isSliceOver(walk)) await nextSlice(walk)
    }
    flushCounts(walk)
    if (full.length === 0 || walk.now - checkedAt < stallMs / CHECKS_PER_LIMIT) return
    checkedAt = walk.now
    await check(full)
  }

  /** Reports the subscribers whose clients took no byte for the whole limit; a client that reads slowly took some. */
  async function check(full: Subscriber[]): Promise<void> {
    const unsent = await readUnsent()
    const now = performance.now()
    for (const subscriber of full) {
      if (!walk.subscribers.has(subscriber) || subscriber.stalledAt === 0) continue
      const before = subscriber.unsent
      const left = unsent.get(connectionKey(subscriber.socket)) ?? before
      if (before !== undefined && left !== before) subscriber.stalledAt = now
      subscriber.unsent = left
      if (now - subscriber.stalledAt >= stallMs) onStalled(subscriber)
    }
  }

  const timer = setInterval(sweep, Math.min(1_000, keepaliveMs / 4, stallMs / 4))
  return () => clearInterval(timer)
}

/**
 * Returns a function that gives the ping of a position, built once for all streams at it. Its id is the position of the
 * stream, not of the feed: a client must never hold the id of an event that is still on its way.
 */
function createPings(feed: Feed): (position: number, chunked: boolean) => Buffer {
  const { blockNumber, finalizedNumber } = feed.head()
  const data = JSON.stringify({
    timestamp: new Date().toISOString(),
    blockNumber: String(blockNumber),
    finalizedBlockNumber: String(finalizedNumber),
  } satisfies Ping)
  const chunks = new Map<number, Buffer>()
  return (position, chunked) => {
    const chunk = chunks.get(position) ?? encodeChunk(encodeFrame({ event: 'ping', id: position, data }))
    chunks.set(position, chunk)
    return chunked ? chunk : chunkBody(chunk)
  }
}
