import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../observe/metrics.ts'

const STREAM_ROUTE = '/api/v1/events'

/** A proxy's id is kept where it is harmless, so that its log and ours can be read together. */
export function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID()
}

/** Counts and times every request, and tells of each where somebody looks closely (LOG_LEVEL=debug). Never with the query, which may hold a key. */
export function watchRequests(app: FastifyInstance, { httpSeconds }: Pick<Metrics, 'httpSeconds'>): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    const { statusCode, elapsedTime } = reply
    // A stream's time is its length, and has metrics of its own.
    if (route !== STREAM_ROUTE || statusCode !== 200)
      httpSeconds.observe({ route, status: String(statusCode) }, elapsedTime / 1000)
    request.log.debug(
      { method: request.method, route, status: statusCode, ms: Math.round(elapsedTime) },
      'request answered',
    )
    done()
  })
}
