import compress from '@fastify/compress'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Config } from '../config.ts'
import { Connected, Ping, Unavailable } from '../events.ts'
import type { Feed } from '../feed.ts'
import { Job } from '../job.ts'
import type { Metrics } from '../metrics.ts'
import { addressKey } from './address.ts'
import { authentication } from './auth.ts'
import { watchConnections } from './connections.ts'
import { answerBrokenRequest, answerBrokenUrl, ErrorBody, errorHandling } from './errors.ts'
import { type JobsOptions, jobsRoutes } from './jobs.ts'
import { page } from './page.ts'
import { type StatusOptions, statusRoutes } from './status.ts'
import { eventsRoute } from './stream/events.ts'
import { createFanout, type Fanout } from './stream/fanout.ts'

export interface ServerOptions extends JobsOptions, Omit<StatusOptions, 'streams'> {
  config: Config
  feed: Feed
  metrics: Metrics
  log: FastifyBaseLogger
  version: string
  /** brings the gauges up to date before they are read */
  collect(): Promise<void>
}

/** The HTTP side: REST, the stream, the documents and the page, on one fastify. */
export async function createServer(
  options: ServerOptions,
): Promise<{ app: FastifyInstance; fanout: Fanout }> {
  const { config, feed, metrics } = options
  const app = fastify({
    loggerInstance: options.log,
    trustProxy: trusted(config.trustProxy),
    // A request line per request is for a debugging eye; failures are logged by the error handler.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1_024,
    // The whole of a request must come in time; answers and streams are not bounded by it.
    requestTimeout: 15_000,
    keepAliveTimeout: 30_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 5_000, maxHeaderSize: 16_384 },
    // Draining answers are the routes' own: a stream's client must be told to come back.
    return503OnClosing: false,
    exposeHeadRoutes: true,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: answerBrokenUrl,
    routerOptions: { ignoreTrailingSlash: true },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, allErrors: true, verbose: true } },
  })
  errorHandling(app)
  app.addSchema(Job)
  for (const schema of [ErrorBody, Connected, Ping, Unavailable]) app.addSchema(schema)

  // TLS is the proxy's, so is HSTS; the page sets its own Content-Security-Policy.
  await app.register(helmet, {
    contentSecurityPolicy: false,
    crossOriginResourcePolicy: false,
    strictTransportSecurity: false,
  })
  await app.register(cors, {
    origin: '*',
    // An OPTIONS that is no preflight is told what there is, too.
    strictPreflight: false,
    methods: ['GET', 'HEAD'],
    allowedHeaders: ['Last-Event-ID', 'X-Api-Key', 'Authorization', 'Cache-Control', 'Content-Type'],
    exposedHeaders: ['Retry-After', 'ETag'],
    maxAge: 86_400,
  })
  if (config.rateLimit > 0)
    await app.register(rateLimit, {
      max: config.rateLimit,
      timeWindow: '1 minute',
      keyGenerator: (request) => addressKey(request.ip),
      allowList: (request) => ['/health', '/ready', '/metrics'].includes(request.routeOptions.url ?? ''),
      errorResponseBuilder: (_request, { after }) =>
        Object.assign(new Error(`too many requests; try again in ${after}`), { statusCode: 429 }),
    })
  await app.register(compress, { encodings: ['br', 'gzip'], threshold: 1_024 })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Jobcast', version: options.version, license: { name: 'MIT', identifier: 'MIT' } },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  })
  authentication(app, config.apiKeys)

  const fanout = createFanout(feed, {
    keepaliveMs: config.keepaliveSeconds * 1_000,
    stallMs: config.stallSeconds * 1_000,
    metrics: {
      delivered: (events) => metrics.delivered.inc(events),
      wrote: (bytes) => metrics.streamBytes.inc(bytes),
      disconnected: (reason) => metrics.streamsCut.inc({ reason }),
    },
  })
  const streams = eventsRoute(app, {
    feed,
    fanout,
    maxStreams: config.maxStreams,
    maxStreamsPerIp: config.maxStreamsPerIp,
    resumable: config.feedRetentionSeconds > 0,
    metrics: {
      opened(resumed, behind) {
        metrics.streamsOpened.inc({ resumed: String(resumed) })
        if (resumed) metrics.resumeBehind.observe(behind)
      },
      closed: () => metrics.streamsClosed.inc(),
      refused: (reason) => metrics.streamsRefused.inc({ reason }),
    },
  })
  jobsRoutes(app, options)
  statusRoutes(app, { ...options, streams: fanout.size })

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    await options.collect()
    metrics.streams.set(fanout.size())
    metrics.streamsStalled.set(fanout.stalled())
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  await app.register(page)
  await app.register(swaggerUi, { routePrefix: '/docs' })

  const endConnections = watchConnections(app.server)
  // Not onClose: fastify waits for open answers before it, and a stream never ends by itself.
  app.addHook('preClose', async () => {
    await streams.drain()
    fanout.close()
    endConnections()
  })
  return { app, fanout }
}

/** A number of hops as fastify takes it: the n addresses next to us are believed. */
function trusted(proxies: Config['trustProxy']) {
  return typeof proxies === 'number' ? (_address: string, hop: number) => hop < proxies : proxies
}
