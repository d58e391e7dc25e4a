import type { Socket } from 'node:net'
import type { Ping } from '../../events.ts'
import type { Feed, FeedEvent } from '../../feed.ts'
import { encodeBody, encodeFrame } from '../../sse.ts'

/** The walk over the subscribers gives the event loop back after so long: REST must not wait for 10,000 writes. */
const SLICE_MS = 4
/** Bytes written to one subscriber at a time; the next come when it took these. */
const BATCH_BYTES = 64 * 1024
const PAGE = 500
/** Pages read from the store at a time, for all who fell behind the memory: a crowd must not take every connection. */
const MAX_READS = 2

/** What subscribers of one filter share: the same bytes go to each who stands at the same place. */
export interface Group {
  key: string
  wants(event: FeedEvent): boolean
  chunked: boolean
  /** the bytes worked out last */
  batch?: Batch
}

interface Batch {
  from: number
  feedId: number
  /** the position after it */
  to: number
  /** null where the filter takes none of these events */
  bytes: Buffer | null
  count: number
}

/** One stream: a cursor over the feed, and never a queue. */
export interface Subscriber {
  socket: Socket
  group: Group
  /** the id up to which it was served */
  position: number
  /** events from the store, where it is behind the memory */
  page?: FeedEvent[] | undefined
  /** performance.now() since when its socket takes no more; 0 where it does */
  stalledAt: number
  /** performance.now() of the last write */
  wroteAt: number
  /** ends the stream cleanly; `reset` cuts it, for a client that takes no bytes any more */
  end(reset: boolean): void
}

export interface FanoutMetrics {
  delivered(events: number, bytes: number): void
  disconnected(reason: 'stalled' | 'too_far_behind'): void
}

export interface FanoutOptions {
  keepaliveMs: number
  stallMs: number
  metrics: FanoutMetrics
  batchBytes?: number
}

/**
 * Writes the feed to all subscribers, each from its own position on. One who takes no more is left until its socket drains,
 * and goes on from where it was: a slow reader costs a position and its socket's buffer, and delays nobody.
 */
export function createFanout(
  feed: Feed,
  { keepaliveMs, stallMs, metrics, batchBytes = BATCH_BYTES }: FanoutOptions,
) {
  const subscribers = new Set<Subscriber>()
  /** those who have something to get and can take it */
  const behind = new Set<Subscriber>()
  /** those who fell behind the memory and wait for a page of the store */
  const waiting = new Set<Subscriber>()
  let reads = 0
  let running = false
  const groups = new Map<string, { group: Group; members: number }>()

  function run(): void {
    running = true
    const deadline = performance.now() + SLICE_MS
    let count = 0
    for (const subscriber of behind) {
      behind.delete(subscriber)
      serve(subscriber)
      if ((++count & 15) === 0 && performance.now() > deadline) break
    }
    running = behind.size > 0
    if (running) setImmediate(run)
  }

  function wake(): void {
    if (!running && behind.size > 0) run()
  }

  function serve(subscriber: Subscriber): void {
    const last = feed.lastId()
    if (last === null || subscriber.position >= last) return
    const batch = subscriber.page
      ? build(subscriber.group, subscriber.position, subscriber.page)
      : recentBatch(subscriber.group, subscriber.position, last)
    if (!batch) {
      waiting.add(subscriber)
      readPages()
      return
    }
    subscriber.position = batch.to
    if (subscriber.page && (subscriber.page.at(-1) as FeedEvent).id <= batch.to) subscriber.page = undefined
    if (batch.bytes) {
      metrics.delivered(batch.count, batch.bytes.length)
      write(subscriber, batch.bytes)
    }
    if (subscriber.stalledAt === 0 && subscriber.position < last) behind.add(subscriber)
  }

  function recentBatch(group: Group, from: number, feedId: number): Batch | undefined {
    if (group.batch?.from === from && group.batch.feedId === feedId) return group.batch
    const events = feed.recent(from, PAGE)
    if (!events) return undefined
    group.batch = build(group, from, events)
    return group.batch
  }

  function build(group: Group, from: number, events: FeedEvent[]): Batch {
    const wanted: Buffer[] = []
    let bytes = 0
    let to = from
    for (const event of events) {
      if (event.id <= from) continue
      to = event.id
      if (!group.wants(event)) continue
      const buffer = group.chunked ? event.chunk : Buffer.from(event.text)
      wanted.push(buffer)
      bytes += buffer.length
      if (bytes >= batchBytes) break
    }
    const whole = wanted.length > 1 ? Buffer.concat(wanted) : (wanted[0] ?? null)
    return { from, feedId: feed.lastId() ?? to, to, bytes: whole, count: wanted.length }
  }

  function write(subscriber: Subscriber, bytes: Buffer): void {
    subscriber.wroteAt = performance.now()
    if (subscriber.socket.write(bytes)) return
    subscriber.stalledAt = subscriber.wroteAt
    behind.delete(subscriber)
  }

  function readPages(): void {
    for (const subscriber of waiting) {
      if (reads >= MAX_READS) return
      waiting.delete(subscriber)
      reads++
      void readPage(subscriber).finally(() => {
        reads--
        readPages()
      })
    }
  }

  async function readPage(subscriber: Subscriber): Promise<void> {
    try {
      const page = await feed.stored(subscriber.position, PAGE)
      if (!subscribers.has(subscriber)) return
      if (page) {
        subscriber.page = page
        behind.add(subscriber)
        wake()
        return
      }
      metrics.disconnected('too_far_behind')
      subscriber.end(false)
    } catch {
      // The database is away: this one waits with its position, as the feed does.
      setTimeout(() => {
        if (!subscribers.has(subscriber)) return
        behind.add(subscriber)
        wake()
      }, 1_000).unref()
    }
  }

  function ping(): { chunked: Buffer; plain: Buffer } {
    const frame = encodeFrame({
      event: 'ping',
      id: feed.lastId() ?? 0,
      data: JSON.stringify({
        timestamp: new Date().toISOString(),
        blockNumber: String(feed.blockNumber()),
      } satisfies Ping),
    })
    return { chunked: encodeBody(frame, true), plain: encodeBody(frame, false) }
  }

  /** Pings the silent and cuts the stalled, a slice at a time. */
  function sweep(rest: Iterator<Subscriber>, frames: ReturnType<typeof ping>): void {
    const deadline = performance.now() + SLICE_MS
    for (let next = rest.next(); !next.done; next = rest.next()) {
      tend(next.value, frames)
      if (performance.now() > deadline) {
        setImmediate(sweep, rest, frames)
        return
      }
    }
  }

  function tend(subscriber: Subscriber, frames: ReturnType<typeof ping>): void {
    const now = performance.now()
    if (subscriber.stalledAt > 0) {
      if (now - subscriber.stalledAt < stallMs) return
      metrics.disconnected('stalled')
      subscriber.end(true)
      return
    }
    // The ping carries the feed's position, so it is only for those who have all before it.
    if (now - subscriber.wroteAt < keepaliveMs || subscriber.position !== feed.lastId()) return
    write(subscriber, subscriber.group.chunked ? frames.chunked : frames.plain)
  }

  const timer = setInterval(() => sweep([...subscribers].values(), ping()), Math.min(1_000, keepaliveMs / 4))

  return {
    size: () => subscribers.size,
    stalled: () => [...subscribers].filter((subscriber) => subscriber.stalledAt > 0).length,
    /** The group of a filter, made where it is the first of its kind. */
    group(key: string, wants: Group['wants'], chunked: boolean): Group {
      return groups.get(key)?.group ?? { key, wants, chunked }
    },
    add(subscriber: Subscriber): void {
      const entry = groups.get(subscriber.group.key) ?? { group: subscriber.group, members: 0 }
      entry.members++
      groups.set(subscriber.group.key, entry)
      subscriber.group = entry.group
      subscribers.add(subscriber)
      behind.add(subscriber)
      wake()
    },
    remove(subscriber: Subscriber): void {
      if (!subscribers.delete(subscriber)) return
      behind.delete(subscriber)
      waiting.delete(subscriber)
      const entry = groups.get(subscriber.group.key)
      if (entry && --entry.members === 0) groups.delete(subscriber.group.key)
    },
    /** Its socket takes bytes again. */
    drained(subscriber: Subscriber): void {
      if (subscriber.stalledAt === 0 || !subscribers.has(subscriber)) return
      subscriber.stalledAt = 0
      behind.add(subscriber)
      wake()
    },
    /** The feed went on. */
    changed(): void {
      for (const subscriber of subscribers)
        if (subscriber.stalledAt === 0 && !waiting.has(subscriber)) behind.add(subscriber)
      wake()
    },
    all: (): Iterable<Subscriber> => [...subscribers],
    close(): void {
      clearInterval(timer)
    },
  }
}

export type Fanout = ReturnType<typeof createFanout>
