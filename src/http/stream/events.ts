import type { FastifyReply, onSendAsyncHookHandler } from 'fastify'
import type { Contract } from '../../contract/define.ts'
import { withDeadline } from '../../deadline.ts'
import { UnavailableError } from '../../errors.ts'
import type { EventFilter } from '../../feed/batch.ts'
import type { Fanout } from '../../feed/fanout.ts'
import type { Feed } from '../../feed/feed.ts'
import { unwrap } from '../../messages.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { Instance } from '../instance.ts'
import { STREAM_ROUTE, streamDescription } from './describe.ts'
import { createLimits, type StreamLimits } from './limits.ts'
import { parseLastEventId, parseStreamFilter, preferHeaderId, streamParameters } from './query.ts'
import { type Refusal, reasonOfStatus, sendAddressFull, sendRefusal } from './refusal.ts'
import { END_MS, sendComplete, untilEarlierAnswered } from './response.ts'
import { findStart, type LastEventId } from './start.ts'
import { addSubscriber } from './subscriber.ts'

interface StreamOptions extends StreamLimits {
  contract: Contract
  feed: Feed
  fanout: Fanout
  /** false if FEED_RETENTION is 0 */
  resumable: boolean
  metrics: Pick<Metrics, 'streamsOpened' | 'streamsClosed' | 'streamsRefused' | 'resumeBehind'>
}

interface Streams extends StreamOptions {
  limits: ReturnType<typeof createLimits>
  draining: boolean
}

/** A request for a stream, validated and parsed. */
interface StreamRequest {
  reply: FastifyReply
  filter: EventFilter
  lastEventId: LastEventId
}

/**
 * `GET /api/v1/events`: the stream.
 * @returns `drain`, which ends all streams and refuses further ones. It resolves when their connections have
 *   closed, but after 2 s at the latest.
 */
export function eventsRoute(app: Instance, options: StreamOptions): { drain(): Promise<void> } {
  const streams: Streams = { ...options, limits: createLimits(options), draining: false }
  const { contract, metrics } = options
  const schema = { ...streamDescription(contract), querystring: streamParameters(contract.filters) }
  // Runs for every answer except streams, which are hijacked. Errors of hooks and of the validation
  // are included.
  const onSend: onSendAsyncHookHandler = async ({ method }, { statusCode }) => {
    const reason = reasonOfStatus[statusCode]
    if (reason !== undefined && method === 'GET') metrics.streamsRefused.inc({ reason })
  }
  // fastify adds HEAD with the same handler.
  app.get(
    STREAM_ROUTE,
    { schema, onSend, preValidation: async ({ headers, query }) => preferHeaderId(headers, query) },
    async (request, reply) => {
      const filter = parseStreamFilter(contract.filters, request.query)
      const lastEventId = parseLastEventId(request.headers['last-event-id'], request.query)
      return answerStreamRequest(streams, { reply, filter, lastEventId })
    },
  )
  return {
    async drain() {
      streams.draining = true
      options.fanout.endAll()
      const late = () => new Error('streams are still open')
      await withDeadline(streams.limits.untilEmpty(), END_MS, late).catch(() => {})
    },
  }
}

async function answerStreamRequest(streams: Streams, streamRequest: StreamRequest): Promise<FastifyReply> {
  const { reply } = streamRequest
  const { request } = reply
  if (!(await untilEarlierAnswered(reply.raw))) return reply.hijack()
  if (request.method === 'HEAD') return sendComplete(reply)
  if (streams.draining) return refuse(streams, streamRequest, 'draining')
  // Counted before the next await. Otherwise all requests of a burst would find the same free place.
  const { addressKey } = request
  const exceeded = streams.limits.take(addressKey)
  if (exceeded === 'full') return refuse(streams, streamRequest, 'full')
  if (exceeded === 'address_full') return sendAddressFull(reply, streams.maxStreamsPerIp)
  return openStream(streams, streamRequest, () => streams.limits.release(addressKey))
}

/** @param release frees the place that the stream takes; called once */
async function openStream(
  streams: Streams,
  streamRequest: StreamRequest,
  release: () => void,
): Promise<FastifyReply> {
  const { feed, fanout, metrics, resumable } = streams
  const { reply, filter, lastEventId } = streamRequest
  const { request } = reply
  const start = await findStart(feed, lastEventId, resumable).catch((error) => {
    if (!(unwrap(error) instanceof UnavailableError))
      request.log.error({ err: error }, 'a stream could not be opened')
  })
  const { socket } = reply.raw
  if (!start || !socket?.writable || streams.draining) {
    release()
    if (!socket?.writable) return reply.hijack()
    return refuse(streams, streamRequest, start ? 'draining' : 'unreachable')
  }
  reply.hijack()
  addSubscriber(feed, fanout, {
    response: reply.raw,
    socket,
    filter,
    start,
    chunked: request.raw.httpVersionMinor >= 1,
    onClose() {
      release()
      metrics.streamsClosed.inc()
    },
  })
  metrics.streamsOpened.inc({ resumed: String(start.resumed) })
  if (start.resumed) metrics.resumeBehind.observe(feed.countAfter(start.position))
  return reply
}

function refuse({ metrics }: Streams, { reply }: StreamRequest, reason: Refusal): FastifyReply {
  metrics.streamsRefused.inc({ reason })
  return sendRefusal(reply, reason)
}
