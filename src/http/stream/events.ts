import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { BadRequestError } from '../../errors.ts'
import { type Connected, eventTypes, type Unavailable } from '../../events.ts'
import type { Feed } from '../../feed.ts'
import { type FilterQuery, filterParameters, matches, parseFilter } from '../../filter.ts'
import { encodeBody, encodeFrame } from '../../sse.ts'
import { apiKeyParameter, sendError } from '../errors.ts'
import { streamDescription } from './describe.ts'
import type { Fanout, Group, Subscriber } from './fanout.ts'

const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  Connection: 'keep-alive',
  'X-Accel-Buffering': 'no',
  'Access-Control-Allow-Origin': '*',
}

const typesText = {
  pattern: '^[a-z_*]{1,40}(,[a-z_*]{1,40}){0,19}$',
  description: `event names or patterns with *, comma-separated: ${eventTypes.join(', ')}, job_*, *`,
  examples: ['job_created'],
}
const idText = (description: string) =>
  Type.Optional(Type.String({ pattern: '^[0-9]{1,15}[0-9]?$', description, examples: ['1780000000000000'] }))

const Query = Type.Object(
  {
    ...filterParameters,
    types: Type.Optional(Type.String(typesText)),
    filter: Type.Optional(
      Type.String({ ...typesText, description: `an alias of types: ${typesText.description}` }),
    ),
    lastEventId: idText(
      'the id of an event, or lastEventId of /api/v1/jobs: continues behind it. The Last-Event-ID header wins',
    ),
    last_event_id: idText('an alias of lastEventId: the id of an event'),
    ...apiKeyParameter,
  },
  { additionalProperties: false },
)
type Query = Static<typeof Query>

/** Seconds an `unavailable` client is asked to stay away: spread, so that a crowd does not return as one. */
const AWAY_SECONDS = { from: 15, to: 60 }

export interface StreamMetrics {
  opened(resumed: boolean | null, behind: number): void
  closed(): void
  refused(reason: 'full' | 'draining' | 'rate_limited' | 'unreachable'): void
}

export interface StreamOptions {
  feed: Feed
  fanout: Fanout
  maxStreams: number
  maxStreamsPerIp: number
  /** false where the feed keeps nothing for clients that come back */
  resumable: boolean
  draining(): boolean
  metrics: StreamMetrics
}

/** `GET /api/v1/events`: the stream of the public contract. */
export function eventsRoute(app: FastifyInstance, options: StreamOptions): void {
  const { feed, fanout, metrics } = options
  const openByIp = new Map<string, number>()

  app.route<{ Querystring: Query }>({
    method: ['GET', 'HEAD'],
    url: '/api/v1/events',
    schema: {
      ...streamDescription,
      querystring: Query,
    },
    async handler(request, reply) {
      const wants = readWanted(request.query)
      const from = readLastEventId(request.headers['last-event-id'], request.query)
      if (request.method === 'HEAD') return reply.headers(STREAM_HEADERS).send()

      if (options.draining()) return refuse('draining')
      if (fanout.size() >= options.maxStreams) return refuse('full')
      if ((openByIp.get(request.ip) ?? 0) >= options.maxStreamsPerIp) {
        metrics.refused('rate_limited')
        return sendError(
          reply.header('retry-after', 60),
          'RATE_LIMITED',
          `${options.maxStreamsPerIp} streams are open from your address; close one first`,
        )
      }
      // Counted before anything is awaited, or a burst would pass together.
      count(request.ip, 1)
      let start: Start
      try {
        start = await findStart(from)
      } catch {
        count(request.ip, -1)
        return refuse('unreachable')
      }
      if (request.raw.destroyed || options.draining()) {
        count(request.ip, -1)
        return refuse('draining')
      }
      reply.hijack()
      open(request.raw, reply.raw, wants, start, () => count(request.ip, -1))
      return reply

      /** EventSource gives up for good on a 503: it is told to come back by a stream that ends. */
      function refuse(reason: 'full' | 'draining' | 'unreachable') {
        metrics.refused(reason)
        const seconds = Math.round(AWAY_SECONDS.from + Math.random() * (AWAY_SECONDS.to - AWAY_SECONDS.from))
        const shown = reason === 'draining' ? 'draining' : 'full'
        if (!/text\/event-stream/i.test(request.headers.accept ?? ''))
          return sendError(
            reply.header('retry-after', seconds),
            'UNAVAILABLE',
            shown === 'full' ? 'the server holds all the streams it can' : 'the server is shutting down',
          )
        const data = JSON.stringify({ reason: shown, retryAfter: seconds } satisfies Unavailable)
        return reply
          .headers(STREAM_HEADERS)
          .send(encodeFrame({ retry: seconds * 1000, event: 'unavailable', data }))
      }
    },
  })

  function count(ip: string, change: 1 | -1): void {
    const streams = (openByIp.get(ip) ?? 0) + change
    if (streams > 0) openByIp.set(ip, streams)
    else openByIp.delete(ip)
  }

  interface Start {
    position: number
    resumed: boolean | null
    page?: Subscriber['page']
  }

  /** Where a subscription begins, told honestly: `resumed` is true only where all after that id is at hand. */
  async function findStart(from: number | 'none' | 'malformed'): Promise<Start> {
    if (feed.lastId() === null || (typeof from === 'number' && from > (feed.lastId() as number)))
      await feed.refresh()
    const now = { position: feed.lastId() as number, resumed: null }
    if (from === 'none') return now
    const gap = { ...now, resumed: false }
    if (from === 'malformed' || !options.resumable || from > now.position) return gap
    if (feed.recent(from, 1)) return { position: from, resumed: true }
    const page = await feed.stored(from, 500)
    // The feed may have gone on meanwhile, and the gap begins now.
    return page ? { position: from, resumed: true, page } : { ...gap, position: feed.lastId() as number }
  }

  function open(
    request: IncomingMessage,
    response: ServerResponse,
    wanted: { key: string; wants: Group['wants'] },
    { position, resumed, page }: Start,
    onClose: () => void,
  ): void {
    const chunked = request.httpVersionMinor >= 1
    const begin = (socket: Socket) => {
      // Exactly the headers of the contract: what plugins set for answers of other kinds goes.
      for (const name of response.getHeaderNames()) response.removeHeader(name)
      response.writeHead(200, STREAM_HEADERS)
      response.flushHeaders()
      const subscriber: Subscriber = {
        socket,
        group: fanout.group(`${chunked ? '' : 'plain '}${wanted.key}`, wanted.wants, chunked),
        position,
        page,
        stalledAt: 0,
        wroteAt: performance.now(),
        end(reset) {
          fanout.remove(subscriber)
          if (reset) {
            socket.resetAndDestroy()
            return
          }
          if (!socket.writable) return
          socket.write(encodeBody(encodeFrame({ retry: spread(1_000, 5_000) }), chunked))
          // The connection too: kept alive it would hold up a server that closes.
          response.end()
          socket.end()
        },
      }
      const drained = () => fanout.drained(subscriber)
      socket.on('drain', drained)
      response.once('close', () => {
        socket.off('drain', drained)
        fanout.remove(subscriber)
        onClose()
        metrics.closed()
      })
      metrics.opened(resumed, (feed.lastId() ?? position) - position)
      // Past the response's own bookkeeping: the shared bytes are chunks already.
      socket.write(encodeBody(connectedFrame(position, resumed, feed.blockNumber()), chunked))
      fanout.add(subscriber)
    }
    // A pipelined request waits until the answers before it are out.
    if (response.socket) begin(response.socket)
    else response.once('socket', begin)
  }
}

function connectedFrame(position: number, resumed: boolean | null, blockNumber: number): string {
  return encodeFrame({
    retry: spread(2_000, 4_000),
    id: position,
    event: 'connected',
    data: JSON.stringify({
      type: 'connected',
      timestamp: new Date().toISOString(),
      blockNumber: String(blockNumber),
      resumed,
    } satisfies Connected),
  })
}

function spread(from: number, to: number): number {
  return Math.round(from + Math.random() * (to - from))
}

/** What a stream carries, and a key that is the same for all streams that carry the same. */
function readWanted(query: Query): { key: string; wants: Group['wants'] } {
  const filter = parseFilter(query as FilterQuery)
  if (query.types !== undefined && query.filter !== undefined)
    throw new BadRequestError('types and filter are the same parameter: give one of them')
  const types = readTypes(query.types ?? query.filter)
  const matchesJob = matches(filter)
  return {
    key: JSON.stringify([types, filter]),
    wants: (event) => types.includes(event.type) && matchesJob(event.job),
  }
}

function readTypes(text = '*'): string[] {
  const chosen = new Set<string>()
  for (const pattern of text.split(',')) {
    // More stars are no use on such short names, and would make matching slow.
    if (pattern.split('*').length > 4) throw new BadRequestError(`types: too many * in "${pattern}"`)
    const regex = new RegExp(`^${pattern.replace(/\*+/g, '.*')}$`)
    const found = eventTypes.filter((type) => regex.test(type))
    if (found.length === 0)
      throw new BadRequestError(`types takes ${typesText.description}; "${pattern}" is none of them`)
    for (const type of found) chosen.add(type)
  }
  return eventTypes.filter((type) => chosen.has(type))
}

/** The header wins; a browser cannot mend a malformed one, so that is a gap and no error. */
function readLastEventId(header: string | string[] | undefined, query: Query): number | 'none' | 'malformed' {
  if (header !== undefined && header !== '') {
    const id = String(header)
    return /^[0-9]{1,16}$/.test(id) && Number.isSafeInteger(Number(id)) ? Number(id) : 'malformed'
  }
  const id = query.lastEventId ?? query.last_event_id
  if (id === undefined) return 'none'
  if (!Number.isSafeInteger(Number(id)))
    throw new BadRequestError('lastEventId takes the id of an event, or lastEventId of /api/v1/jobs')
  return Number(id)
}
