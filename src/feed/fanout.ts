import type { Socket } from 'node:net'
import { type Batch, build, type Group, pings, type Wanted } from './batch.ts'
import type { Feed, FeedEvent } from './feed.ts'
import { chunkBody, encodeChunk } from './frames.ts'
import { connectionKey, readUnsent } from './unsent.ts'

/** The walk over the subscribers gives the event loop back after so long: REST must not wait for 10,000 writes. */
const SLICE_MS = 1
/** Bytes written to one subscriber at a time: what a socket buffers before it says "full". The next come when it took these. */
const BATCH_BYTES = 16 * 1024
/** Events a batch looks through. */
const BATCH_EVENTS = 500
/** Events read from the store at a time, for one who fell behind the memory; a page is written as a whole. */
const PAGE = 128
/** Pages read at a time, for all of them: a crowd must not take every connection. */
const MAX_READS = 2
/** Looks at the stalled in each stall limit: reading the kernel's table takes 5 ms of CPU for 1,000 connections. */
const LOOKS = 8
/** A page that could not be read is tried again after so long, or when the feed goes on. */
const READ_AGAIN_MS = 1_000

/** One stream: a cursor over the feed, and never a queue. */
export interface Subscriber {
  socket: Socket
  group: Group
  /** the id up to which it was served */
  position: number
  /** performance.now() since when its socket takes no more, or its client last took bytes; 0 where the socket takes more */
  stalledAt: number
  /** bytes that its client had not taken at the last look; undefined if there was none since it stalled */
  unsent: number | undefined
  /** performance.now() of the last write */
  wroteAt: number
  /** it has something to get, can take it, and its turn will come */
  queued: boolean
  /** it fell behind the memory and waits for a page of the store */
  waiting: boolean
  end: Opening['end']
}

export interface Opening {
  socket: Socket
  wanted: Wanted
  /** false for HTTP/1.0 */
  chunked: boolean
  /** the id behind which it begins */
  position: number
  /** text of the first frame */
  first: string
  /** Ends the stream, cleanly, or by a reset where the client takes no bytes any more. */
  end(how: 'cleanly' | 'reset'): void
}

export interface FanoutMetrics {
  delivered(events: number): void
  /** frames of all kinds and their chunks */
  wrote(bytes: number): void
  disconnected(reason: 'stalled' | 'too_far_behind'): void
}

export interface FanoutOptions {
  keepaliveMs: number
  /** a subscriber whose client takes no bytes for so long is reset */
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
  /**
   * Those who have something to get and can take it, for the next walk; who left meanwhile is no longer `queued`. An array and
   * a flag, since a Set would grow and shrink with every event, which costs a thirtieth of its delivery.
   */
  let behind: Subscriber[] = []
  /** those who wait for a page; one is no longer here while its page is read */
  const readers = new Set<Subscriber>()
  const groups = new Map<string, Group>()
  const sharing: Group[] = []
  let walking = false
  let reads = 0
  let now = performance.now()
  let lookedAt = now
  let events = 0
  let bytes = 0

  function enqueue(subscriber: Subscriber): void {
    if (!subscriber.queued) behind.push(subscriber)
    subscriber.queued = true
  }

  /** Never at once: a socket that drains in the same tick would bring its subscriber back for ever. */
  function schedule(): void {
    if (walking || behind.length === 0) return
    walking = true
    setImmediate(walk, behind.values())
    behind = []
  }

  /** A slice of a walk. */
  function walk(rest: Iterator<Subscriber>): void {
    now = performance.now()
    let served = 0
    let next = rest.next()
    for (; !next.done; next = rest.next()) {
      const subscriber = next.value
      if (!subscriber.queued) continue
      subscriber.queued = false
      serve(subscriber)
      if ((++served & 15) === 0 && performance.now() - now > SLICE_MS) break
    }
    count()
    if (!next.done) {
      setImmediate(walk, rest)
      return
    }
    walking = false
    schedule()
    if (!walking) for (const group of sharing.splice(0)) group.batch = undefined
  }

  /** Once for many deliveries: counting each would cost as much as some of them. */
  function count(): void {
    metrics.delivered(events)
    metrics.wrote(bytes)
    events = 0
    bytes = 0
  }

  function serve(subscriber: Subscriber): void {
    const last = feed.lastId()
    if (last === null || subscriber.position >= last) return
    const batch = recentBatch(subscriber.group, subscriber.position)
    if (batch) {
      advance(subscriber, batch)
      return
    }
    subscriber.waiting = true
    readers.add(subscriber)
    readPages()
  }

  function advance(subscriber: Subscriber, batch: Batch): void {
    subscriber.position = batch.to
    if (batch.bytes) {
      events += batch.count
      write(subscriber, batch.bytes)
    }
    if (subscriber.stalledAt === 0 && batch.to < (feed.lastId() ?? 0)) enqueue(subscriber)
  }

  function recentBatch(group: Group, from: number): Batch | undefined {
    if (group.batch?.from === from) return group.batch
    const recent = feed.recent(from, BATCH_EVENTS)
    if (!recent) return undefined
    const batch = build(group, from, recent, batchBytes)
    if (group.members > 1) {
      if (!group.batch) sharing.push(group)
      group.batch = batch
    }
    return batch
  }

  function write(subscriber: Subscriber, buffer: Buffer): void {
    subscriber.wroteAt = now
    bytes += buffer.length
    if (!subscriber.socket.write(buffer)) subscriber.stalledAt = now
  }

  function readPages(): void {
    for (const subscriber of readers) {
      if (reads >= MAX_READS) return
      readers.delete(subscriber)
      reads++
      void readPage(subscriber).finally(() => {
        reads--
        readPages()
      })
    }
  }

  async function readPage(subscriber: Subscriber): Promise<void> {
    let page: FeedEvent[] | null
    try {
      page = await feed.stored(subscriber.position, PAGE)
    } catch {
      // The database is away: this one waits with its position, as the feed does.
      subscriber.waiting = false
      setTimeout(resume, READ_AGAIN_MS, subscriber).unref()
      return
    }
    subscriber.waiting = false
    if (!subscribers.has(subscriber)) return
    if (!page) {
      metrics.disconnected('too_far_behind')
      subscriber.end('cleanly')
      return
    }
    now = performance.now()
    advance(subscriber, build(subscriber.group, subscriber.position, page, Number.POSITIVE_INFINITY))
    count()
    schedule()
  }

  function resume(subscriber: Subscriber): void {
    if (!subscribers.has(subscriber) || subscriber.waiting || subscriber.stalledAt > 0) return
    enqueue(subscriber)
    schedule()
  }

  /** Pings the silent, a slice at a time, and collects the stalled. */
  function sweep(rest: Iterator<Subscriber>, stalled: Subscriber[] = []): void {
    now = performance.now()
    const ping = pings(feed)
    let next = rest.next()
    for (; !next.done; next = rest.next()) {
      const subscriber = next.value
      if (!subscribers.has(subscriber)) continue
      if (subscriber.stalledAt === 0) tend(subscriber, ping)
      else stalled.push(subscriber)
      if (performance.now() - now > SLICE_MS) break
    }
    count()
    if (!next.done) setImmediate(sweep, rest, stalled)
    else if (stalled.length > 0 && now - lookedAt >= stallMs / LOOKS) void resetStalled(stalled)
  }

  function tend(subscriber: Subscriber, ping: ReturnType<typeof pings>): void {
    if (now - subscriber.wroteAt >= keepaliveMs)
      write(subscriber, ping(subscriber.position, subscriber.group.chunked))
  }

  /** Resets those whose clients took nothing for the whole limit; one that reads slowly is left. */
  async function resetStalled(stalled: Subscriber[]): Promise<void> {
    lookedAt = now
    const unsent = await readUnsent()
    now = performance.now()
    for (const subscriber of stalled) {
      if (!subscribers.has(subscriber) || subscriber.stalledAt === 0) continue
      const left = unsent.get(connectionKey(subscriber.socket))
      const before = subscriber.unsent
      subscriber.unsent = left ?? before
      if (left !== undefined && before !== undefined && left !== before) subscriber.stalledAt = now
      if (now - subscriber.stalledAt < stallMs) continue
      metrics.disconnected('stalled')
      subscriber.end('reset')
    }
  }

  const timer = setInterval(
    () => sweep([...subscribers].values()),
    Math.min(1_000, keepaliveMs / 4, stallMs / 4),
  )

  return {
    /** Open streams. */
    size: () => subscribers.size,
    /** Those of them whose client takes no bytes now. */
    stalled: () => [...subscribers].filter(({ stalledAt }) => stalledAt > 0).length,
    open({ socket, wanted, chunked, position, first, end }: Opening): Subscriber {
      const key = `${wanted.key}${chunked ? '' : ' plain'}`
      const group = groups.get(key) ?? { ...wanted, key, chunked, members: 0 }
      group.members++
      groups.set(key, group)
      const subscriber = {
        socket,
        group,
        position,
        stalledAt: 0,
        unsent: undefined,
        wroteAt: 0,
        queued: false,
        waiting: false,
        end,
      }
      subscribers.add(subscriber)
      now = performance.now()
      const chunk = encodeChunk(first)
      write(subscriber, chunked ? chunk : chunkBody(chunk))
      resume(subscriber)
      return subscriber
    },
    remove(subscriber: Subscriber): void {
      if (!subscribers.delete(subscriber)) return
      subscriber.queued = false
      readers.delete(subscriber)
      const { group } = subscriber
      if (--group.members === 0) groups.delete(group.key)
    },
    /** Its socket takes bytes again. */
    drained(subscriber: Subscriber): void {
      subscriber.stalledAt = 0
      subscriber.unsent = undefined
      resume(subscriber)
    },
    /** The feed went on. */
    changed(): void {
      for (const subscriber of subscribers)
        if (subscriber.stalledAt === 0 && !subscriber.waiting) enqueue(subscriber)
      schedule()
    },
    endAll(): void {
      for (const subscriber of [...subscribers]) subscriber.end('cleanly')
    },
    close(): void {
      clearInterval(timer)
    },
  }
}

export type Fanout = ReturnType<typeof createFanout>
