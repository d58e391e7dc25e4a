import { repeat } from '../repeat.ts'
import type { Feed } from './feed.ts'
import { bytesFor, encodeChunk, encodeFrame } from './frames.ts'
import { freshnessOf } from './freshness.ts'
import { isBehind, type Subscriber } from './subscribers.ts'
import { connectionKey, readUnsent } from './unsent.ts'
import { disconnect, flushCounts, isSliceOver, nextSlice, type Walk, write } from './walkState.ts'

/**
 * Maximum number of checks of full sockets within `stallMs`. They are few, because reading the kernel's table
 * takes 5 ms of CPU for 1,000 connections.
 */
const CHECKS_PER_LIMIT = 8

export interface SweepOptions {
  /** milliseconds without a write after which a stream is pinged */
  keepaliveMs: number
  /** milliseconds without progress of the client after which a stream is stalled */
  stallMs: number
}

/**
 * Sends pings to streams and ends stalled ones. Between two sweeps it pauses for at most a second.
 * @returns a function that stops it
 */
export function startSweeps(walk: Walk, { keepaliveMs, stallMs }: SweepOptions): () => void {
  let checkedAt = performance.now()

  async function sweep(): Promise<void> {
    const full: Subscriber[] = []
    const ping = createPings(walk.feed)
    walk.sliceStartedAt = performance.now()
    for (const subscriber of walk.subscribers) {
      if (subscriber.noProgressSince > 0) full.push(subscriber)
      else if (isPingDue(subscriber)) {
        subscriber.catchingUp &&= isBehind(walk.feed, subscriber)
        write(walk, subscriber, ping(subscriber.position, subscriber.group.chunked))
      }
      if (isSliceOver(walk)) await nextSlice(walk)
    }
    flushCounts(walk)
    if (full.length === 0 || walk.sliceStartedAt - checkedAt < stallMs / CHECKS_PER_LIMIT) return
    checkedAt = walk.sliceStartedAt
    await endStalled(full)
  }

  /**
   * Returns whether a ping is due: after silence, or when a resumed stream has caught up. The ping after
   * catching up tells the client that nothing is missing, even if its filter omitted the last events. Without
   * it, the client would know only after the first silence, or never if a proxy cuts silent streams earlier.
   */
  function isPingDue(subscriber: Subscriber): boolean {
    const isSilent = walk.sliceStartedAt - subscriber.wroteAt >= keepaliveMs
    return isSilent || (subscriber.catchingUp && !isBehind(walk.feed, subscriber))
  }

  /**
   * Ends the streams whose clients made no progress within the limit. A client that reads slowly
   * makes progress. Only Linux shows it; elsewhere a stream is ended if its socket stays full for the limit.
   */
  async function endStalled(full: Subscriber[]): Promise<void> {
    const unsent = await readUnsent(new Set(full.map(({ socket }) => connectionKey(socket))))
    const now = performance.now()
    for (const subscriber of full) {
      if (!walk.subscribers.has(subscriber) || subscriber.noProgressSince === 0) continue
      const before = subscriber.unsent
      const left = unsent.get(connectionKey(subscriber.socket)) ?? before
      if (before !== undefined && left !== before) subscriber.noProgressSince = now
      subscriber.unsent = left
      if (now - subscriber.noProgressSince >= stallMs) disconnect(walk, subscriber, 'stalled')
    }
  }

  const pauseMs = Math.min(1_000, keepaliveMs / 4, stallMs / 4)
  const closed = new AbortController()
  void repeat(sweep, () => pauseMs, closed.signal)
  return () => closed.abort()
}

/**
 * Returns a function that builds the ping for a position, once for all streams at it. Its id is the
 * position of the stream, not the feed's last id: otherwise a client could resume after events that it has
 * not received.
 */
function createPings(feed: Feed): (position: number, chunked: boolean) => Buffer {
  const data = JSON.stringify(freshnessOf(feed.indexed()))
  const chunks = new Map<number, Buffer>()
  return (position, chunked) => {
    const chunk = chunks.get(position) ?? encodeChunk(encodeFrame({ event: 'ping', id: position, data }))
    chunks.set(position, chunk)
    return bytesFor(chunked, chunk)
  }
}
