import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Contract } from '../../contract/define.ts'
import { UnavailableError } from '../../errors.ts'
import type { Connected, Unavailable } from '../../events.ts'
import type { EventFilter } from '../../feed/batch.ts'
import type { Fanout } from '../../feed/fanout.ts'
import type { Feed } from '../../feed/feed.ts'
import { encodeChunk, encodeFrame } from '../../feed/frames.ts'
import type { Head } from '../../feed/log.ts'
import { unwrap } from '../../messages.ts'
import { addressKey } from '../address.ts'
import { sendError } from '../errors.ts'
import { streamDescription } from './describe.ts'
import { createLimits, type Limits, type Slot } from './limits.ts'
import { findStart, type Start } from './start.ts'
import { readLastEventId, readWanted, type StreamQuery, streamParameters } from './wanted.ts'

const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  Connection: 'keep-alive',
  'X-Accel-Buffering': 'no',
  'Access-Control-Allow-Origin': '*',
}

/** Seconds an `unavailable` client is asked to stay away: spread, so that a crowd does not return as one. */
const AWAY_SECONDS = { from: 15, to: 60 }
/** Milliseconds before a client comes back: after a connection that broke, and after one that the server ended. */
const RETRY_MS = { from: 2_000, to: 4_000 }
const RETRY_ENDED_MS = { from: 1_000, to: 5_000 }
/** A client that does not take the end of its stream in this time is cut. */
const END_MS = 2_000

const refusalText = {
  full: 'the server holds all the streams it can',
  draining: 'the server is shutting down',
  unreachable: 'the database is out of reach; try again',
}
const refusalOfStatus: Record<number, string> = {
  400: 'bad_request',
  401: 'unauthorized',
  429: 'rate_limited',
  500: 'internal',
}

export interface StreamMetrics {
  /** `behind`: events in memory after the position it began at */
  opened(resumed: boolean | null, behind: number): void
  closed(): void
  refused(reason: string): void
}

export interface StreamOptions extends Limits {
  contract: Contract
  feed: Feed
  fanout: Fanout
  /** false where the feed keeps nothing for clients that come back */
  resumable: boolean
  metrics: StreamMetrics
}

/**
 * `GET /api/v1/events`: the stream of the public contract.
 * @returns what ends all streams; those asked for from then on are told to come back
 */
export function eventsRoute(app: FastifyInstance, options: StreamOptions): { drain(): Promise<void> } {
  const { feed, fanout, metrics } = options
  const limits = createLimits(options)
  let draining = false

  app.route<{ Querystring: StreamQuery }>({
    method: ['GET', 'HEAD'],
    url: '/api/v1/events',
    schema: {
      ...streamDescription(options.contract),
      querystring: streamParameters(options.contract.filters),
    },
    // Also what hooks and the validation refused; a stream itself never comes here.
    async onSend(request, reply) {
      const reason = refusalOfStatus[reply.statusCode]
      if (reason !== undefined && request.method === 'GET') metrics.refused(reason)
    },
    async handler(request, reply) {
      const wanted = readWanted(options.contract.filters, request.query)
      const from = readLastEventId(request.headers['last-event-id'], request.query)
      const response = reply.raw
      if (!(await turn(response))) return reply.hijack()
      if (request.method === 'HEAD') return answerWhole(reply)
      if (draining) return refuse(request, reply, 'draining')

      // Taken before anything is awaited, or a burst would pass together.
      const slot = limits.take(addressKey(request.ip))
      if (slot === 'full') return refuse(request, reply, 'full')
      if (slot === 'address_full')
        return sendError(
          reply.header('retry-after', AWAY_SECONDS.to),
          'RATE_LIMITED',
          `${options.maxStreamsPerIp} streams are open from your address; close one first`,
        )
      let start: Start
      try {
        start = await findStart(feed, from, options.resumable)
      } catch (error) {
        slot.release()
        if (!(unwrap(error) instanceof UnavailableError))
          request.log.error({ err: error }, 'a stream failed to begin')
        return refuse(request, reply, 'unreachable')
      }
      const { socket } = response
      if (!socket?.writable || draining) {
        slot.release()
        return socket?.writable ? refuse(request, reply, 'draining') : reply.hijack()
      }
      reply.hijack()
      open({ socket, response, chunked: request.raw.httpVersionMinor >= 1, wanted, start, slot })
      return reply
    },
  })

  /** EventSource gives up for good on a 503: it is told to come back by a stream that ends. */
  function refuse(request: FastifyRequest, reply: FastifyReply, reason: keyof typeof refusalText) {
    if (request.method === 'GET') metrics.refused(reason)
    const seconds = Math.round(spread(AWAY_SECONDS))
    if (!/text\/event-stream/i.test(request.headers.accept ?? ''))
      return sendError(reply.header('retry-after', seconds), 'UNAVAILABLE', refusalText[reason])
    const body: Unavailable = { reason: reason === 'draining' ? 'draining' : 'full', retryAfter: seconds }
    const data = JSON.stringify(body)
    const frame = encodeFrame({ retry: seconds * 1000, event: 'unavailable', data })
    return answerWhole(reply, frame, reason === 'draining')
  }

  function open(stream: {
    socket: Socket
    response: ServerResponse
    chunked: boolean
    wanted: EventFilter
    start: Start
    slot: Slot
  }): void {
    const { socket, response, chunked, wanted, slot } = stream
    const { position, resumed } = stream.start
    removeHeaders(response)
    response.writeHead(200, STREAM_HEADERS)
    // From here on past the response's own bookkeeping: the shared bytes are chunks already.
    response.flushHeaders()
    const subscriber = fanout.open({
      socket,
      filter: wanted,
      chunked,
      position,
      first: connectedFrame(position, resumed, feed.head()),
      end(how) {
        fanout.remove(subscriber)
        if (how === 'reset' || !socket.writable) return void socket.resetAndDestroy()
        const goodbye = encodeFrame({ retry: Math.round(spread(RETRY_ENDED_MS)) })
        socket.write(chunked ? encodeChunk(goodbye) : goodbye)
        response.end()
        endConnection(socket)
      },
    })
    const drained = () => fanout.drained(subscriber)
    socket.on('drain', drained)
    response.once('close', () => {
      socket.off('drain', drained)
      fanout.remove(subscriber)
      slot.release()
      metrics.closed()
    })
    metrics.opened(resumed, feed.countAfter(position))
  }

  return {
    async drain() {
      draining = true
      fanout.endAll()
      let timer: NodeJS.Timeout | undefined
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, END_MS)
      })
      await Promise.race([limits.empty(), late])
      clearTimeout(timer)
    },
  }
}

/** A pipelined request waits until the answers before it are out; false where its connection ended first. */
async function turn(response: ServerResponse): Promise<boolean> {
  if (!response.socket)
    await new Promise<unknown>((resolve) => {
      response.once('socket', resolve)
      response.req.once('close', resolve)
    })
  return response.socket?.writable === true
}

/** An answer with the headers of a stream that is not one: of HEAD, or of a refusal. */
function answerWhole(reply: FastifyReply, body?: string, leaving = false): FastifyReply {
  reply.hijack()
  const response = reply.raw
  const { socket, shouldKeepAlive } = response
  removeHeaders(response)
  for (const [name, value] of Object.entries(STREAM_HEADERS)) response.setHeader(name, value)
  response.end(body)
  // A server that goes away wants its connections back; else one that is ended would fail the client's next request on it.
  if (socket && (leaving || !shouldKeepAlive)) endConnection(socket)
  return reply
}

/** Exactly the headers of the contract: what plugins set for answers of other kinds goes. */
function removeHeaders(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name)
}

/** Ends a connection behind what was written to it. */
function endConnection(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), END_MS)
  socket.once('close', () => clearTimeout(timer))
  socket.end()
}

function connectedFrame(position: number, resumed: boolean | null, head: Head): string {
  return encodeFrame({
    retry: Math.round(spread(RETRY_MS)),
    id: position,
    event: 'connected',
    data: JSON.stringify({
      type: 'connected',
      timestamp: new Date().toISOString(),
      blockNumber: String(head.blockNumber),
      finalizedBlockNumber: String(head.finalizedNumber),
      resumed,
    } satisfies Connected),
  })
}

function spread({ from, to }: { from: number; to: number }): number {
  return from + Math.random() * (to - from)
}
