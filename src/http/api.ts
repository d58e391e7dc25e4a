import cors from '@fastify/cors'
import rateLimit from '@fastify/rate-limit'
import { Connected, Ping, Unavailable } from '../events.ts'
import { createFanout, type Fanout } from '../feed/fanout.ts'
import type { Feed } from '../feed/feed.ts'
import { observeGauge } from '../observe/metrics.ts'
import { requestConnections } from '../store/open.ts'
import { keyAddresses } from './address.ts'
import { createAdmission } from './admission.ts'
import { requireKey } from './auth.ts'
import { addCaching } from './caching.ts'
import { compressAnswers } from './compression.ts'
import { configRoute } from './configRoute.ts'
import type { ServerDependencies } from './dependencies.ts'
import { ErrorBody } from './errors.ts'
import type { Instance } from './instance.ts'
import { jobSchema } from './jobSchema.ts'
import { jobsRoutes } from './jobsRoutes.ts'
import { openapi } from './openapi.ts'
import { pages } from './pages.ts'
import { limitRequestStarts } from './requestStarts.ts'
import { statsRoute } from './statsRoute.ts'
import { streamRoute } from './stream/streamRoute.ts'

/** Adds the API: the stream, the history, the status, their OpenAPI document, and the pages. */
export async function serveApi(app: Instance, feed: Feed, dependencies: ServerDependencies): Promise<void> {
  const { config, contract } = dependencies
  for (const schema of [jobSchema(contract), ErrorBody, Connected, Ping, Unavailable]) app.addSchema(schema)
  keyAddresses(app)
  limitRequestStarts(app)
  await allowOrigins(app)
  if (config.rateLimit > 0) await limitRate(app, config.rateLimit)
  addCaching(app, config.apiKeys.length === 0)
  await compressAnswers(app)
  await openapi(app)
  requireKey(app, config.apiKeys)

  const fanout = serveStreams(app, feed, dependencies)
  const admission = createAdmission({ atOnce: requestConnections(config) })
  observeGauge(
    dependencies.metrics.registry,
    'jobcast_requests_waiting',
    'Requests for the history or a job that wait for their turn to query the database.',
    admission.waiting,
  )
  jobsRoutes(app, admission, dependencies)
  configRoute(app, dependencies)
  statsRoute(app, fanout.size, dependencies)
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
async function limitRate(app: Instance, max: number): Promise<void> {
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

function serveStreams(app: Instance, feed: Feed, dependencies: ServerDependencies): Fanout {
  const { config, metrics } = dependencies
  const fanout = createFanout(feed, {
    keepaliveMs: config.keepaliveSeconds * 1_000,
    stallMs: config.stallSeconds * 1_000,
    metrics,
  })
  observeGauge(metrics.registry, 'jobcast_streams', 'Open streams.', fanout.size)
  observeGauge(
    metrics.registry,
    'jobcast_streams_socket_full',
    'Open streams whose socket is full: the client reads more slowly than events arrive, or not at all.',
    fanout.countFullSockets,
  )
  const endStreams = streamRoute(app, feed, fanout, dependencies)
  app.addHook('preClose', async () => {
    await endStreams()
    fanout.close()
  })
  return fanout
}
