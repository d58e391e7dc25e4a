import { EventEmitter } from 'node:events'
import type { Api } from './api.ts'
import type { ModelQuery } from './definition.ts'
import { hold, keyOf, same } from './state.ts'

export interface FeedLine {
  id: number
  type: string
  data: string
  before: string | null
}

/** All committed feed entries from the first on, including jumps and pruned entries. */
export interface Committed {
  lastId: number
  lines: FeedLine[]
  prunedId: number
}

/** The server side of a connection. It buffers bytes until the client reads them. */
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

/** A subscriber over several connections, like EventSource. It checks each event that it receives. */
export interface Client {
  wanted: ModelQuery
  slow: boolean
  lastEventId: number | undefined
  connected: boolean
  /**
   * JSON of the jobs it holds, by creating transaction and id. Undefined if it did not read the history, does
   * not request all types, or has a gap.
   */
  held: Map<string, string> | undefined
  connect(api: Api): Promise<void>
  /** Reads the buffered bytes. */
  take(): void
  /** Reads `bytes` of the buffer, then breaks the connection. */
  cut(bytes: number): void
  /** Throws if an event of the feed up to `lastId` was not received. */
  assertComplete(lastId: number): void
}

export function createClient(wanted: ModelQuery, slow: boolean, committed: Committed): Client {
  const { query, types } = wanted
  const matches = (data: string | null) => data !== null && wanted.matches(JSON.parse(data))
  const wants = ({ type, data, before }: FeedLine) =>
    types.includes(type) && (matches(data) || matches(before))
  let socket: FakeSocket | undefined
  let response: EventEmitter | undefined
  let text = ''
  let sent: number | undefined
  /** the server's last id and pruned id when it answered */
  let opened = { lastId: 0, prunedId: 0 }

  const client: Client = {
    wanted,
    slow,
    lastEventId: undefined,
    connected: false,
    held: undefined,
    async connect(to) {
      sent = client.lastEventId
      text = ''
      const mine = new FakeSocket(slow ? 300 : 1_000_000)
      const answer = Object.assign(new EventEmitter(), {
        socket: mine,
        getHeaderNames: () => [],
        removeHeader() {},
        setHeaders() {},
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
      const request = {
        method: 'GET',
        addressKey: '127.0.0.1',
        query,
        headers: {
          accept: 'text/event-stream',
          ...(sent !== undefined && { 'last-event-id': String(sent) }),
        },
        raw: { httpVersionMinor: 1 },
      }
      const reply = { raw: answer, request, hijack() {} }
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
      hold(
        'a subscriber loses no event',
        !missed,
        () => `${JSON.stringify(query)} lost ${JSON.stringify(missed)}`,
      )
    },
  }

  function lose(): void {
    const closed = response
    socket = undefined
    response = undefined
    client.connected = false
    closed?.emit('close')
  }

  /** Decodes the chunks, and parses whole frames only, as the standard requires. */
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
    } else if (fields.event === 'ping') {
      const skipped = nextLine(id)
      hold('a ping skips no event', !skipped, () => `${id} skips ${JSON.stringify(skipped)}`)
    } else {
      const { before: _, ...due } = nextLine(Number.POSITIVE_INFINITY) ?? { before: null }
      const got = { id, type: fields.event, data: fields.data }
      same('a subscriber gets the next event', got, due)
      if (client.held) keep(client.held, got.type, fields.data as string)
    }
    client.lastEventId = id
  }

  /** Applies an event to the held jobs. An update of a job that no longer matches removes it. */
  function keep(held: Map<string, string>, type: string, data: string): void {
    if (type !== 'job_removed' && matches(data)) held.set(keyOf(data), data)
    else held.delete(keyOf(data))
  }

  /** The next feed entry that the client must receive. */
  function nextLine(lastId: number): FeedLine | undefined {
    const from = client.lastEventId as number
    return committed.lines.find((line) => line.id > from && line.id <= lastId && wants(line))
  }

  function assertStart(id: number, resumed: boolean | null): void {
    const due = sent === undefined ? null : sent >= opened.prunedId && sent <= opened.lastId
    // The feed in memory may go back further than the store.
    const right = due === false || resumed === due
    hold('resumed is correct', right, () => `${resumed} for ${sent}, pruned up to ${opened.prunedId}`)
    same('a stream begins at its position', id, resumed ? sent : opened.lastId)
    if (!resumed) client.held = undefined
  }
  return client
}
