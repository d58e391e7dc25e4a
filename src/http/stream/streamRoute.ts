import type { FastifyReply, onSendAsyncHookHandler } from 'fastify'
import { withDeadline } from '../../deadline.ts'
import { UnavailableError } from '../../errors.ts'
import type { Fanout } from '../../feed/fanout.ts'
import type { Feed } from '../../feed/feed.ts'
import { unwrap } from '../../messages.ts'
import type { ServerDependencies } from '../dependencies.ts'
import type { Instance } from '../instance.ts'
import { createStreamLimits } from './limits.ts'
import { parseLastEventId, parseStreamFilter, preferHeaderId, streamParameters } from './query.ts'
import { type Refusal, reasonOfStatus, sendAddressFull, sendRefusal } from './refusal.ts'
import { END_MS, sendComplete, untilEarlierAnswered } from './response.ts'
import { findStart } from './start.ts'
import { STREAM_ROUTE, streamDescription } from './streamDescription.ts'
import { addSubscriber } from './subscriber.ts'

/**
 * `GET /api/v1/events`: the stream.
 * @returns a function that ends all streams and refuses further ones. It resolves when their responses have
 *   ended, but after 2 s at the latest.
 */
export function streamRoute(
  app: Instance,
  feed: Feed,
  fanout: Fanout,
  { config, contract, metrics }: Pick<ServerDependencies, 'config' | 'contract' | 'metrics'>,
): () => Promise<void> {
  const limits = createStreamLimits(config)
  let draining = false
  const schema = { ...streamDescription(contract), querystring: streamParameters(contract.filters) }
  // Runs for every answer except streams, which are hijacked. Errors of hooks and of the validation
  // are included.
  const onSend: onSendAsyncHookHandler = async ({ method }, { statusCode }) => {
    const reason = reasonOfStatus[statusCode]
    if (reason !== undefined && method === 'GET') metrics.streamsRefused.inc({ reason })
  }

  function refuse(reply: FastifyReply, reason: Refusal): FastifyReply {
    metrics.streamsRefused.inc({ reason })
    return sendRefusal(reply, reason)
  }

  // fastify adds HEAD with the same handler.
  app.get(
    STREAM_ROUTE,
    { schema, onSend, preValidation: async ({ headers, query }) => preferHeaderId(headers, query) },
    async (request, reply) => {
      const filter = parseStreamFilter(contract.filters, request.query)
      const lastEventId = parseLastEventId(request.headers['last-event-id'], request.query)
      const response = reply.raw
      if (!(await untilEarlierAnswered(response))) return reply.hijack()
      if (request.method === 'HEAD') return sendComplete(reply)
      if (draining) return refuse(reply, 'draining')
      // Counted before the next await. Otherwise all requests of a burst would find the same free place.
      const { addressKey } = request
      const exceeded = limits.take(addressKey)
      if (exceeded === 'full') return refuse(reply, 'full')
      if (exceeded === 'address_full') return sendAddressFull(reply, config.maxStreamsPerIp)
      const start = await findStart(feed, lastEventId, config.feedRetentionSeconds > 0).catch((error) => {
        if (!(unwrap(error) instanceof UnavailableError))
          request.log.error({ err: error }, 'a stream could not be opened')
      })
      const { socket } = response
      if (!start || !socket?.writable || draining) {
        limits.release(addressKey)
        if (!socket?.writable) return reply.hijack()
        return refuse(reply, start ? 'draining' : 'unreachable')
      }
      reply.hijack()
      const chunked = request.raw.httpVersionMinor >= 1
      addSubscriber(feed, fanout, { response, socket, chunked, filter, start }, () => {
        limits.release(addressKey)
        metrics.streamsClosed.inc()
      })
      metrics.streamsOpened.inc({ resumed: String(start.resumed) })
      if (start.resumed) metrics.resumeBehind.observe(feed.countAfter(start.position))
      return reply
    },
  )

  return async () => {
    draining = true
    fanout.endAll()
    const late = () => new Error('streams are still open')
    await withDeadline(limits.untilEmpty(), END_MS, late).catch(() => {})
  }
}
