import type { Logger } from 'pino'
import type { Job } from './job.ts'
import { encodeChunk, encodeFrame } from './sse.ts'

/** One line of the public feed, as it was committed. */
export interface FeedEntry {
  id: number
  type: 'job_created' | 'job_removed'
  /** the job object, JSON */
  data: string
}

/** An entry ready for any number of subscribers. */
export interface FeedEvent {
  id: number
  type: FeedEntry['type']
  job: Job
  /** the SSE frame as one HTTP/1.1 chunk, shared by all */
  chunk: Buffer
}

/** What the feed reads: the log, in the store. */
export interface FeedLog {
  position(): Promise<{ lastId: number; prunedId: number; blockNumber: number | null }>
  /** entries after an id, in order */
  read(afterId: number, limit: number): Promise<FeedEntry[]>
  /** the newest entries, in order */
  readTail(limit: number): Promise<FeedEntry[]>
  /** calls `onWake` on each commit and `onListening` when that (again) works */
  listen(onWake: (lastId: number, blockNumber: number) => void, onListening: () => void): Promise<void>
}

export interface Feed {
  /** the id this process knows the feed to have reached; null before the store was reached */
  lastId(): number | null
  /** the indexer's block */
  blockNumber(): number
  /** Events after `id` from memory, at most `limit`; undefined where memory no longer reaches back that far. */
  recent(id: number, limit: number): FeedEvent[] | undefined
  /** The same from the store; null where `id` is older than what the store keeps, or not of this feed. */
  stored(id: number, limit: number): Promise<FeedEvent[] | null>
  /** Looks into the store, from this moment on: another process may be ahead. Many who ask share one look. */
  refresh(): Promise<void>
  close(): void
}

export interface FeedListener {
  /** there are new events, or a new block */
  onChange(): void
  /** ids no longer continue what was there before: the database was rebuilt or restored */
  onRebuilt(): void
}

/** Events kept in memory: some 8 MB, and a restart's worth of clients that come back. */
const RING = 8_192
const PAGE = 1_000
/** A wake is a hint and may get lost; this is how late it can be then. */
const POLL_MS = 1_000

/**
 * The tail of the feed in memory, kept up with the store: woken by each commit, and by a slow poll in case a wake
 * got lost. Ids are consecutive, so that a hole cannot be overlooked.
 */
export function openFeed(
  log: FeedLog,
  listener: FeedListener,
  logger: Logger,
  { ring = RING, page = PAGE } = {},
): Feed {
  let events: FeedEvent[] = []
  let last: number | null = null
  let block = 0
  let closed = false
  let wanted = 0

  const alone = takeTurns()
  const pull = alone(read)
  const look = alone(async () => {
    const position = await log.position()
    if (last !== null && (position.lastId < last || position.prunedId > last)) return restart()
    wanted = Math.max(wanted, position.lastId)
    block = position.blockNumber ?? 0
    forget(position.prunedId)
    await read()
  })

  async function read(): Promise<void> {
    if (last === null) return start()
    while (wanted > last) {
      const entries = await log.read(last, page)
      if (entries.length === 0) {
        wanted = last
        return
      }
      if (!continues(last, entries)) return restart()
      append(entries.map(toEvent))
      listener.onChange()
    }
  }

  async function start(): Promise<void> {
    const position = await log.position()
    const tail = await log.readTail(ring)
    // What was committed between the two reads is in the tail already.
    last = Math.max(position.lastId, tail.at(-1)?.id ?? 0)
    wanted = Math.max(wanted, last)
    block = position.blockNumber ?? 0
    events = tail.map(toEvent)
    listener.onChange()
  }

  async function restart(): Promise<void> {
    logger.warn(
      { last },
      'the feed does not continue: the database was rebuilt or restored; streams are ended',
    )
    last = null
    wanted = 0
    events = []
    listener.onRebuilt()
    await start()
  }

  function append(next: FeedEvent[]): void {
    events.push(...next)
    last = (events.at(-1) as FeedEvent).id
    // In larger steps, since each moves all that stay.
    if (events.length > 1.5 * ring) events = events.slice(-ring)
  }

  /** What the store no longer keeps is no longer offered from memory either: every process answers the same. */
  function forget(prunedId: number): void {
    const first = events[0]
    if (first && first.id <= prunedId) events = events.slice(prunedId + 1 - first.id)
  }

  function onWake(id: number, blockNumber: number): void {
    wanted = Math.max(wanted, id)
    block = blockNumber
    if (last === null || id > last) void attempt(pull)
  }

  let failing = false
  function attempt(run: () => Promise<void>): Promise<void> {
    return run().then(
      () => {
        if (failing) logger.info('the feed reads the database again')
        failing = false
      },
      (error) => {
        if (!failing && !closed)
          logger.warn(`the feed cannot read the database, will retry: ${error.message}`)
        failing = true
      },
    )
  }

  let timer: NodeJS.Timeout
  async function poll(): Promise<void> {
    await attempt(look)
    if (!closed) timer = setTimeout(poll, POLL_MS * (0.75 + Math.random() / 2))
  }
  void poll()

  void listen()
  async function listen(): Promise<void> {
    try {
      await log.listen(onWake, () => void attempt(look))
    } catch {
      // The first attempt failed; once listening, the driver reconnects by itself.
      if (!closed) setTimeout(listen, POLL_MS).unref()
    }
  }

  return {
    lastId: () => last,
    blockNumber: () => block,
    recent(id, limit) {
      if (last === null || id > last) return undefined
      if (id === last) return []
      const first = events[0]
      if (!first || id + 1 < first.id) return undefined
      return events.slice(id + 1 - first.id, id + 1 - first.id + limit)
    },
    async stored(id, limit) {
      const entries = await log.read(id, limit)
      return entries.length > 0 && continues(id, entries) ? entries.map(toEvent) : null
    },
    refresh: look,
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

/**
 * Makes functions run one at a time, so that what one has read still holds when it acts on it. Who asks for one that
 * waits for its turn shares it: it reads after all of them asked.
 */
function takeTurns() {
  let line = Promise.resolve()
  return (work: () => Promise<void>) => {
    let next: Promise<void> | undefined
    return () => {
      if (next) return next
      next = line.then(() => {
        next = undefined
        return work()
      })
      line = next.catch(() => {})
      return next
    }
  }
}

function continues(id: number, entries: FeedEntry[]): boolean {
  return entries.every((entry, i) => entry.id === id + 1 + i)
}

function toEvent({ id, type, data }: FeedEntry): FeedEvent {
  return { id, type, job: JSON.parse(data), chunk: encodeChunk(encodeFrame({ id, event: type, data })) }
}
