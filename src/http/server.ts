import compress from '@fastify/compress'
import cors from '@fastify/cors'
import rateLimit from '@fastify/rate-limit'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Config } from '../config.ts'
import { Connected, Ping, Unavailable } from '../events.ts'
import { createFanout } from '../feed/fanout.ts'
import type { Feed } from '../feed/feed.ts'
import { type Metrics, observeGauge } from '../observe/metrics.ts'
import { addressKey } from './address.ts'
import { createAdmission } from './admission.ts'
import { authentication } from './auth.ts'
import { caching } from './caching.ts'
import { limitPipelining, watchConnections } from './connections.ts'
import { answerBrokenRequest, answerBrokenUrl, ErrorBody, errorHandling } from './errors.ts'
import { jobSchema } from './jobSchema.ts'
import { type JobsOptions, jobsRoutes } from './jobs.ts'
import { methodNotAllowed } from './methods.ts'
import { openapi } from './openapi.ts'
import { type OperationOptions, operationRoutes } from './operation.ts'
import { page } from './page.ts'
import { requestId, watchRequests } from './requests.ts'
import { type StatusOptions, statusRoutes } from './status.ts'
import { eventsRoute } from './stream/events.ts'

export interface ServerOptions
  extends Omit<JobsOptions, 'admit'>,
    Omit<StatusOptions, 'streams'>,
    OperationOptions {
  config: Config
  feed: Feed
  metrics: Metrics
  log: FastifyBaseLogger
  version: string
}

/** The HTTP side: REST, the stream, the documents and the page, on one fastify. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { config, feed, metrics } = options
  const app = fastify({
    loggerInstance: options.log,
    trustProxy: trusted(config.trustProxy),
    genReqId: requestId,
    // watchRequests() tells of them without their query; failures are logged by the error handler.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1_024,
    // The whole of a request must come in time; answers and streams are not bounded by it.
    requestTimeout: 8_000,
    // Longer than a proxy keeps its connections, which would otherwise send into one that is just being closed.
    keepAliveTimeout: 75_000,
    http: { headersTimeout: 5_000, maxHeaderSize: 16_384, connectionsCheckingInterval: 1_000 },
    // Draining answers are the routes' own: a stream's client must be told to come back.
    return503OnClosing: false,
    exposeHeadRoutes: true,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: answerBrokenUrl,
    routerOptions: { ignoreTrailingSlash: true },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, allErrors: true, verbose: true } },
  })
  errorHandling(app)
  methodNotAllowed(app)
  watchRequests(app, metrics)
  app.addSchema(jobSchema(options.contract))
  for (const schema of [ErrorBody, Connected, Ping, Unavailable]) app.addSchema(schema)

  securityHeaders(app)
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
      allowList: (request) => isFree(request.routeOptions.url ?? ''),
      errorResponseBuilder: (_request, { after }) =>
        Object.assign(new Error(`too many requests; try again in ${after}`), { statusCode: 429 }),
    })
  caching(app, config.apiKeys.length === 0)
  await app.register(compress, { encodings: ['br', 'gzip'], threshold: 1_024 })
  await openapi(app, options.version)
  authentication(app, config.apiKeys)

  const fanout = createFanout(feed, {
    keepaliveMs: config.keepaliveSeconds * 1_000,
    stallMs: config.stallSeconds * 1_000,
    metrics,
  })
  observeGauge(metrics.registry, 'jobcast_streams', 'Open streams.', fanout.size)
  observeGauge(
    metrics.registry,
    'jobcast_streams_stalled',
    'Open streams whose client takes no bytes now.',
    fanout.stalled,
  )
  const streams = eventsRoute(app, {
    contract: options.contract,
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
  // PGlite is one thread: a second query would only wait inside it, before the indexer's.
  const atOnce = config.databaseUrl === undefined ? 1 : config.databaseConnections
  jobsRoutes(app, { ...options, admit: createAdmission({ atOnce }) })
  statusRoutes(app, { ...options, streams: fanout.size })
  operationRoutes(app, options)
  await app.register(page)

  limitPipelining(app.server)
  const endConnections = watchConnections(app.server)
  // Not onClose: fastify waits for open answers before it, and a stream never ends by itself.
  app.addHook('preClose', async () => {
    await streams.drain()
    fanout.close()
    endConnections()
  })
  return app
}

/** Probes, and the files of the page, of which one visit needs a dozen. */
function isFree(route: string): boolean {
  return ['/health', '/ready', '/metrics'].includes(route) || route.startsWith('/page/')
}

/** TLS is the proxy's, so is HSTS; the page and the documents set a Content-Security-Policy of their own. */
function securityHeaders(app: FastifyInstance): void {
  const headers = {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
    'referrer-policy': 'no-referrer',
  }
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}

/** A number of hops as fastify takes it: the n addresses next to us are believed. */
function trusted(proxies: Config['trustProxy']) {
  return typeof proxies === 'number' ? (_address: string, hop: number) => hop < proxies : proxies
}
