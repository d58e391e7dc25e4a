import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../observe/metrics.ts'
import { STREAM_ROUTE } from './stream/describe.ts'

/**
 * Returns the id of a request in the log: the X-Request-Id of a proxy if it is safe to log, so that both logs
 * can be correlated.
 */
export function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID()
}

/**
 * Measures every request except opened streams. Logs each at level debug without its query, which may hold a
 * key.
 */
export function measureRequests(app: FastifyInstance, { httpSeconds }: Pick<Metrics, 'httpSeconds'>): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    const { statusCode, elapsedTime } = reply
    // For a stream, the time is how long it was open. Streams have metrics of their own.
    if (route !== STREAM_ROUTE || statusCode !== 200)
      httpSeconds.observe({ route, status: String(statusCode) }, elapsedTime / 1000)
    request.log.debug(
      { method: request.method, route, status: statusCode, ms: Math.round(elapsedTime) },
      'request answered',
    )
    done()
  })
}
