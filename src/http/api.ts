import cors from '@fastify/cors'
import rateLimit from '@fastify/rate-limit'
import { Connected, Ping, Unavailable } from '../events.ts'
import { createFanout, type Fanout } from '../feed/fanout.ts'
import type { Feed } from '../feed/feed.ts'
import { observeGauge } from '../observe/metrics.ts'
import { requestConnections } from '../store/open.ts'
import { keyAddresses } from './address.ts'
import { createAdmission } from './admission.ts'
import { authentication } from './auth.ts'
import { caching } from './caching.ts'
import { compression } from './compression.ts'
import { configRoute } from './configRoute.ts'
import { ErrorBody } from './errors.ts'
import type { Instance } from './instance.ts'
import { jobSchema } from './jobSchema.ts'
import { jobsRoutes } from './jobs.ts'
import { openapi } from './openapi.ts'
import type { ServerOptions } from './options.ts'
import { pages } from './pages.ts'
import { statsRoute } from './statsRoute.ts'
import { eventsRoute } from './stream/events.ts'
import { takeTurns } from './turns.ts'

/** Adds the API: the stream, the history, the status, their OpenAPI document, and the pages. */
export async function serveApi(app: Instance, feed: Feed, options: ServerOptions): Promise<void> {
  const { config, contract } = options
  for (const schema of [jobSchema(contract), ErrorBody, Connected, Ping, Unavailable]) app.addSchema(schema)
  keyAddresses(app)
  takeTurns(app)
  await allowOrigins(app)
  if (config.rateLimit > 0) await limitRequests(app, config.rateLimit)
  caching(app, config.apiKeys.length === 0)
  await compression(app)
  await openapi(app)
  authentication(app, config.apiKeys)

  const fanout = serveStreams(app, feed, options)
  jobsRoutes(app, createAdmission({ atOnce: requestConnections(config) }), options)
  configRoute(app, options)
  statsRoute(app, fanout.size, options)
  await app.register(pages)
}

/** Allows any web page to read the API (CORS). */
async function allowOrigins(app: Instance): Promise<void> {
  await app.register(cors, {
    origin: '*',
    // Also answers an OPTIONS request that is not a preflight.
    strictPreflight: false,
    methods: ['GET', 'HEAD'],
    allowedHeaders: ['Last-Event-ID', 'X-Api-Key', 'Authorization', 'Cache-Control', 'Content-Type'],
    exposedHeaders: ['Retry-After', 'ETag'],
    maxAge: 86_400,
  })
}

/**
 * Limits the request rate of all routes without `rateLimit: false`, and of unknown paths. Malformed URLs are
 * not counted, because no hook runs for them.
 * @param max requests of one client address per minute
 */
async function limitRequests(app: Instance, max: number): Promise<void> {
  await app.register(rateLimit, {
    max,
    timeWindow: '1 minute',
    keyGenerator: (request) => request.addressKey,
    errorResponseBuilder: (_request, { after }) =>
      Object.assign(new Error(`too many requests; try again in ${after}`), { statusCode: 429 }),
  })
  const limit = app.rateLimit()
  app.addHook('onRequest', async function limitUnknownPaths(request, reply) {
    if (request.is404) await limit.call(this, request, reply)
  })
}

function serveStreams(app: Instance, feed: Feed, options: ServerOptions): Fanout {
  const { config, metrics } = options
  const fanout = createFanout(feed, {
    keepaliveMs: config.keepaliveSeconds * 1_000,
    stallMs: config.stallSeconds * 1_000,
    metrics,
  })
  observeGauge(metrics.registry, 'jobcast_streams', 'Open streams.', fanout.size)
  observeGauge(
    metrics.registry,
    'jobcast_streams_stalled',
    'Open streams whose socket is full because the client reads too slowly or not at all.',
    fanout.stalled,
  )
  const drain = eventsRoute(app, feed, fanout, options)
  app.addHook('preClose', async () => {
    await drain()
    fanout.close()
  })
  return fanout
}
