import type { Logger } from 'pino'
import type { Job } from '../contract/job.ts'
import { messageOf } from '../messages.ts'
import type { FeedEntry } from '../store/feed.ts'
import { encodeChunk, encodeFrame } from './frames.ts'

/** An entry ready for any number of subscribers. */
export interface FeedEvent {
  id: number
  /** the id before it */
  after: number
  /** a `jump` is sent to nobody and has no job */
  type: FeedEntry['type']
  job: Job
  /** the job before a job_updated */
  before: Job | null
  /** the SSE frame as one HTTP/1.1 chunk, shared by all */
  chunk: Buffer
}

/** What the feed reads: the log, in the store. */
export interface FeedLog {
  state(): Promise<FeedState>
  /** entries after an id, in order */
  read(afterId: number, limit: number): Promise<FeedEntry[]>
  /** the newest entries, in order */
  readTail(limit: number): Promise<FeedEntry[]>
  /** Calls `onCommit` on each commit, and `onListening` when that works, or works again. */
  listen(onCommit: (state: Omit<FeedState, 'prunedId'>) => void, onListening: () => void): Promise<void>
}

/** How far the feed and the index are. */
export interface FeedState {
  lastId: number
  prunedId: number
  blockNumber: number | null
  finalizedNumber: number | null
}

/** The indexer's block, and the highest one that no reorg can touch any more. */
export interface Head {
  blockNumber: number
  finalizedNumber: number
}

export interface Feed {
  /** the id this process knows the feed to have reached; null before the store was reached */
  lastId(): number | null
  head(): Head
  /** Events after `id` from memory, at most `limit`; undefined where memory does not reach back to it, or it is not of this feed. */
  recent(id: number, limit: number): FeedEvent[] | undefined
  /** How many events memory holds after `id`. */
  countAfter(id: number): number
  /** The same as `recent` from the store; null where `id` is older than what the store keeps, or not of this feed. */
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
 * got lost. Each event says which id it continues, so that a hole cannot be overlooked.
 */
export function openFeed(
  log: FeedLog,
  listener: FeedListener,
  logger: Logger,
  { ring = RING, page = PAGE } = {},
): Feed {
  let events: FeedEvent[] = []
  let last: number | null = null
  let head: Head = { blockNumber: 0, finalizedNumber: 0 }
  let closed = false
  let wanted = 0

  const alone = takeTurns()
  const pull = alone(read)
  const look = alone(async () => {
    const state = await log.state()
    if (last !== null && (state.lastId < last || state.prunedId > last)) return restart()
    wanted = Math.max(wanted, state.lastId)
    head = headOf(state)
    forget(state.prunedId)
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
      const next = entries.map(toEvent)
      if (!continues(last, next)) return restart()
      append(next)
      listener.onChange()
    }
  }

  async function start(): Promise<void> {
    const state = await log.state()
    const tail = await log.readTail(ring)
    // What was committed between the two reads is in the tail already.
    last = Math.max(state.lastId, tail.at(-1)?.id ?? 0)
    wanted = Math.max(wanted, last)
    head = headOf(state)
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
    if (events[0] && events[0].id <= prunedId) events = events.slice(indexAfter(prunedId))
  }

  /** The place in memory of the first event after an id. */
  function indexAfter(id: number): number {
    let [low, high] = [0, events.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((events[middle] as FeedEvent).id > id) high = middle
      else low = middle + 1
    }
    return low
  }

  function onCommit(state: Omit<FeedState, 'prunedId'>): void {
    wanted = Math.max(wanted, state.lastId)
    head = headOf(state)
    if (last === null || state.lastId > last) void attempt(pull)
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
          logger.warn(`the feed cannot read the database, will retry: ${messageOf(error)}`)
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
      await log.listen(onCommit, () => void attempt(look))
    } catch {
      // The first attempt failed; once listening, the driver reconnects by itself.
      if (!closed) setTimeout(listen, POLL_MS).unref()
    }
  }

  return {
    lastId: () => last,
    head: () => head,
    recent(id, limit) {
      if (last === null || id > last) return undefined
      if (id === last) return []
      const first = indexAfter(id)
      return events[first]?.after === id ? events.slice(first, first + limit) : undefined
    },
    countAfter: (id) => events.length - indexAfter(id),
    async stored(id, limit) {
      const found = (await log.read(id, limit)).map(toEvent)
      return found.length > 0 && continues(id, found) ? found : null
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

function continues(id: number, events: FeedEvent[]): boolean {
  return events.every(({ after }, i) => after === (events[i - 1]?.id ?? id))
}

function toEvent({ id, type, data, before }: FeedEntry): FeedEvent {
  const chunk = encodeChunk(encodeFrame({ id, event: type, data }))
  const job = JSON.parse(data)
  const after = type === 'jump' ? job : id - 1
  return { id, after, type, job, before: before === null ? null : JSON.parse(before), chunk }
}

function headOf({ blockNumber, finalizedNumber }: Pick<FeedState, 'blockNumber' | 'finalizedNumber'>): Head {
  const indexed = blockNumber ?? 0
  return { blockNumber: indexed, finalizedNumber: Math.min(indexed, finalizedNumber ?? 0) }
}
