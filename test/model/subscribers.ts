import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { type FeedLog, openFeed } from '../../src/feed.ts'
import { matches, parseFilter } from '../../src/filter.ts'
import { eventsRoute } from '../../src/http/stream/events.ts'
import { createFanout } from '../../src/http/stream/fanout.ts'
import type { Job } from '../../src/job.ts'
import { readPosition } from '../../src/store/cursor.ts'
import type { Database } from '../../src/store/database.ts'
import { readFeed, readFeedTail } from '../../src/store/feedLog.ts'
import { createGates, type Gates, release } from './gates.ts'
import type { Random } from './random.ts'

export interface FeedLine {
  id: number
  type: string
  data: string
}

/** The feed as it was committed, from its first entry on, whatever was pruned since. */
export interface Committed {
  firstId: number
  lines: FeedLine[]
  prunedId: number
}

export const QUERIES: Record<string, string>[] = [
  {},
  { clientId: '1' },
  { strategyType: 'PROGRAM,HYBRID', types: 'job_created' },
  { minBudget: '0.000200', types: 'job_*' },
  { filter: 'job_removed' },
]

/** What the model keeps in memory and reads at a time: small, so that schedules reach beyond both. */
const SMALL = { ring: 4, page: 3 }

type Handler = (request: unknown, reply: unknown) => Promise<unknown>

/** The serving half of a process: the real feed, fan-out and stream route, over sockets that are ours. */
export interface Api {
  gates: Gates
  /** a commit's wake arrives */
  wake(lastId: number, blockNumber: number): void
  /** the slow poll */
  poll(): Promise<void>
  handle: Handler
  lastId(): number | null
  rebuilt(): boolean
  /** Lets everything under way come to its end, answers in any order where `reorder`. */
  settle(random: Random, reorder: boolean): Promise<void>
  kill(): void
}

export function createApi(db: Database): Api {
  const gates = createGates()
  let onWake: Parameters<FeedLog['listen']>[0] = () => {}
  let rebuilt = false
  let handle: Handler | undefined
  const log: FeedLog = {
    position: () => gates.pass('position', () => readPosition(db)),
    read: (after, limit) => gates.pass('read', () => readFeed(db, after, limit)),
    readTail: (limit) => gates.pass('tail', () => readFeedTail(db, limit)),
    async listen(wake) {
      onWake = wake
    },
  }
  let onChange = () => {}
  const listener = {
    onChange: () => onChange(),
    onRebuilt() {
      rebuilt = true
    },
  }
  const feed = openFeed(log, listener, pino({ level: 'silent' }), SMALL)
  const metrics = { delivered() {}, wrote() {}, disconnected() {}, opened() {}, closed() {}, refused() {} }
  const fanout = createFanout(feed, { keepaliveMs: 30_000, stallMs: 30_000, metrics, batchBytes: 900 })
  onChange = fanout.changed
  const app = {
    route(options: { handler: Handler }) {
      handle = options.handler
    },
  }
  eventsRoute(app as unknown as FastifyInstance, {
    feed,
    fanout,
    maxStreams: 100,
    maxStreamsPerIp: 100,
    resumable: true,
    metrics,
  })
  return {
    gates,
    wake: (lastId, blockNumber) => onWake(lastId, blockNumber),
    poll: () => feed.refresh(),
    handle: handle as unknown as Handler,
    lastId: () => feed.lastId(),
    rebuilt: () => rebuilt,
    async settle(random, reorder) {
      for (let quiet = 0; quiet < 3; ) {
        await setImmediate()
        if (gates.pending.length === 0) quiet++
        else {
          quiet = 0
          await release(gates, random, reorder)
        }
      }
    },
    kill() {
      feed.close()
      fanout.close()
    },
  }
}

/** A stream's server side: bytes wait in it until the client takes them. */
class FakeSocket extends EventEmitter {
  bytes = Buffer.alloc(0)
  full = false
  writable = true
  capacity: number
  onBytes = () => {}
  constructor(capacity: number) {
    super()
    this.capacity = capacity
  }
  write(bytes: Buffer): boolean {
    this.bytes = Buffer.concat([this.bytes, bytes])
    this.onBytes()
    this.full = this.bytes.length >= this.capacity
    return !this.full
  }
  end(): void {
    this.writable = false
    this.emit('close')
  }
  destroy(): void {}
  resetAndDestroy(): void {}
}

/** A subscriber that outlives its connections, as EventSource does, and knows what it must get. */
export interface Client {
  query: Record<string, string>
  slow: boolean
  lastEventId: number | undefined
  connected: boolean
  connect(api: Api): Promise<void>
  /** Takes what waits for it. */
  take(): void
  /** The connection breaks after `bytes` of what waits for it. */
  cut(bytes: number): void
  /** Throws where an event of the feed up to `lastId` did not come. */
  assertComplete(lastId: number): void
}

export function createClient(query: Record<string, string>, slow: boolean, committed: Committed): Client {
  const { types, filter, ...rest } = query
  const wantsJob = matches(parseFilter(rest))
  const pattern = types ?? filter ?? '*'
  const regex = new RegExp(`^(${pattern.replaceAll('*', '.*').replaceAll(',', '|')})$`)
  const wants = (line: FeedLine) => regex.test(line.type) && wantsJob(JSON.parse(line.data) as Job)
  let socket: FakeSocket | undefined
  let response: EventEmitter | undefined
  let text = ''
  let sent: number | undefined
  /** what the server knew when it was asked */
  let opened = { lastId: 0, prunedId: 0 }

  const client: Client = {
    query,
    slow,
    lastEventId: undefined,
    connected: false,
    async connect(to) {
      sent = client.lastEventId
      text = ''
      const mine = new FakeSocket(slow ? 300 : 1_000_000)
      const answer = Object.assign(new EventEmitter(), {
        socket: mine,
        getHeaderNames: () => [],
        removeHeader() {},
        setHeader() {},
        writeHead() {},
        flushHeaders() {},
        end: () => lose(),
      })
      socket = mine
      response = answer
      client.connected = true
      opened = { lastId: -1, prunedId: -1 }
      mine.onBytes = () => {
        if (opened.lastId < 0) opened = { lastId: to.lastId() as number, prunedId: committed.prunedId }
      }
      const reply = {
        raw: answer,
        hijack() {},
        header: () => reply,
        headers: () => reply,
        code: () => reply,
        type: () => reply,
        // Refused, as where the database is away.
        send() {
          client.connected = false
          return reply
        },
      }
      const request = {
        method: 'GET',
        ip: '127.0.0.1',
        query,
        headers: {
          accept: 'text/event-stream',
          ...(sent !== undefined && { 'last-event-id': String(sent) }),
        },
        raw: { httpVersionMinor: 1, destroyed: false },
      }
      await to.handle(request, reply)
    },
    take() {
      if (!socket) return
      const taken = socket.bytes
      socket.bytes = Buffer.alloc(0)
      read(taken.toString())
      if (socket?.full) {
        socket.full = false
        socket.emit('drain')
      }
    },
    cut(bytes) {
      if (!socket) return
      read(socket.bytes.subarray(0, bytes).toString())
      lose()
    },
    assertComplete(lastId) {
      if (!client.connected || !socket || socket.full) return
      const missed = nextLine(lastId)
      if (missed) throw new Error(`a subscriber (${JSON.stringify(query)}) lost event ${missed.id}`)
    },
  }

  function lose(): void {
    const closed = response
    socket = undefined
    response = undefined
    client.connected = false
    closed?.emit('close')
  }

  /** Undoes the chunks, and reads whole frames only, as the standard says. */
  function read(bytes: string): void {
    text += bytes
    for (;;) {
      const [size] = text.split('\r\n', 1) as [string]
      const length = Number.parseInt(size, 16)
      const begin = size.length + 2
      if (!(length >= 0) || text.length < begin + length + 2) return
      const body = text.slice(begin, begin + length)
      text = text.slice(begin + length + 2)
      for (const frame of body.split('\n\n')) if (frame) receive(frame)
    }
  }

  function receive(frame: string): void {
    const fields = Object.fromEntries(
      frame.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    )
    if (fields.event === undefined) return
    const id = Number(fields.id)
    if (fields.event === 'connected') {
      assertStart(id, JSON.parse(fields.data ?? '').resumed)
    } else {
      const due = nextLine(Number.POSITIVE_INFINITY)
      const got = { id, type: fields.event, data: fields.data }
      if (JSON.stringify(got) !== JSON.stringify(due))
        throw new Error(`a subscriber got ${JSON.stringify(got)}, and was due ${JSON.stringify(due)}`)
    }
    client.lastEventId = id
  }

  /** The next line the client wants, after the last id it holds. */
  function nextLine(lastId: number): FeedLine | undefined {
    const from = (client.lastEventId as number) + 1 - committed.firstId
    return committed.lines.slice(from).find((line) => line.id <= lastId && wants(line))
  }

  function assertStart(id: number, resumed: boolean | null): void {
    const due = sent === undefined ? null : sent >= opened.prunedId && sent <= opened.lastId
    // Memory may reach back further than the store keeps.
    const wrong = due === false ? false : resumed !== due
    if (wrong)
      throw new Error(`resumed is ${resumed}, and ${sent} after pruning to ${opened.prunedId} must be ${due}`)
    const begin = resumed ? sent : opened.lastId
    if (id !== begin) throw new Error(`a stream began at ${id}, and had to begin at ${begin}`)
  }
  return client
}
