import type { Metrics } from '../observe/metrics.ts'
import { serveApi } from './api.ts'
import { watchConnections } from './connections.ts'
import type { ServerDependencies } from './dependencies.ts'
import { handleErrors, refuseMalformedRequests } from './errorHandling.ts'
import { createInstance, type Instance } from './instance.ts'
import { refuseOtherMethods } from './methods.ts'
import { operationRoutes } from './operation.ts'
import { STREAM_ROUTE } from './stream/streamDescription.ts'

/**
 * Creates the HTTP server of a process: the API with its documents and pages, and the operation routes.
 * Without a feed it has the operation routes only.
 */
export async function createServer(dependencies: ServerDependencies): Promise<Instance> {
  const app = createInstance(dependencies.config, dependencies.log)
  const servesApi = dependencies.feed !== undefined
  handleErrors(app, servesApi)
  refuseMalformedRequests(app)
  refuseOtherMethods(app, servesApi)
  measureRequests(app, dependencies.metrics)
  securityHeaders(app)
  if (dependencies.feed) await serveApi(app, dependencies.feed, dependencies)
  operationRoutes(app, dependencies)
  const endConnections = watchConnections(app.server)
  // fastify waits for open answers before onClose, but not before preClose. The API ends its streams in its
  // own preClose.
  app.addHook('preClose', async () => endConnections())
  return app
}

/**
 * Measures every request, except those for the stream that are answered with 200. Logs each at level debug
 * without its query, which may hold a key.
 */
function measureRequests(app: Instance, { httpSeconds }: Metrics): void {
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

/**
 * Adds security headers. HSTS is left to the proxy that terminates TLS. The pages set their
 * own Content-Security-Policy.
 */
function securityHeaders(app: Instance): void {
  const headers = {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
    'referrer-policy': 'no-referrer',
  }
  // @fastify/helmet would take 2 to 3 µs of CPU for these three headers. This hook takes 0.5 µs.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
