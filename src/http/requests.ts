import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../observe/metrics.ts'
import { STREAM_ROUTE } from './stream/describe.ts'

/** The id of a request in the log: X-Request-Id of the proxy if it is harmless, so that both logs can be read together. */
export function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID()
}

/** Measures every request, and logs it at level debug without its query, which may hold a key. */
export function measureRequests(app: FastifyInstance, { httpSeconds }: Pick<Metrics, 'httpSeconds'>): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    const { statusCode, elapsedTime } = reply
    // The time of an open stream is its length. Streams have metrics of their own.
    if (route !== STREAM_ROUTE || statusCode !== 200)
      httpSeconds.observe({ route, status: String(statusCode) }, elapsedTime / 1000)
    request.log.debug(
      { method: request.method, route, status: statusCode, ms: Math.round(elapsedTime) },
      'request answered',
    )
    done()
  })
}
