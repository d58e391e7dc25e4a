import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { Type } from 'typebox'
import type { Config } from '../config.ts'
import { UnavailableError } from '../errors.ts'
import { staleness } from '../indexer/staleness.ts'
import { unwrap } from '../messages.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { IndexState } from '../store/state.ts'
import { watchConnections } from './connections.ts'
import { errorHandling } from './errors.ts'
import { methodNotAllowed } from './methods.ts'
import { remember } from './remember.ts'

/** Probes and scrapers of a cluster ask often; the database is asked at most once in this time. */
const FRESH_MS = 500
/** A probe gives up soon, and should hear why. */
const ANSWER_MS = 2_000
const RETRY_SECONDS = 5

/** Any route answers it. */
const invalid = { '4xx': { description: 'the request is not valid HTTP' } }

export interface OperationOptions {
  config: Config
  metrics: Metrics
  readState(): Promise<IndexState>
  /** why this process's indexer does not index; undefined where it does, or where another process is to */
  indexerFault(): string | undefined
}

/** `/health`, `/ready` and `/metrics`: for probes and monitoring, never limited and without a key. */
export function operationRoutes(app: FastifyInstance, options: OperationOptions): void {
  const { config, metrics } = options
  const readState = remember(options.readState, FRESH_MS)
  const uncached = { 'cache-control': 'no-store' }
  const tags = ['operation']

  app.get(
    '/health',
    {
      schema: {
        operationId: 'getHealth',
        summary: 'Whether the process is alive',
        description: 'For a liveness probe. It depends on nothing else: neither the database nor the chain.',
        tags,
        response: {
          200: Type.Object({ status: Type.Literal('ok') }, { description: 'the process is alive' }),
          ...invalid,
        },
      },
    },
    async (_request, reply) => reply.headers(uncached).send({ status: 'ok' }),
  )

  app.get(
    '/ready',
    {
      schema: {
        operationId: 'getReady',
        summary: 'Whether the database answers and the index is fresh',
        description:
          'For a readiness probe, and for a load balancer: a server that is not ready serves old data or none.',
        tags,
        response: {
          200: Type.Object({ status: Type.Literal('ready') }, { description: 'the server is ready' }),
          503: Type.Object(
            {
              status: Type.Literal('not ready'),
              reason: Type.String({ examples: ['the indexer is 1200 blocks (2400 s) behind the head'] }),
            },
            { description: 'the server is not ready; the reason in words, with Retry-After' },
          ),
          ...invalid,
        },
      },
    },
    async (_request, reply) => {
      reply.headers(uncached)
      const reason = await whyNotReady()
      if (reason === undefined) return { status: 'ready' }
      return reply.code(503).header('retry-after', RETRY_SECONDS).send({ status: 'not ready', reason })
    },
  )

  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        summary: 'Metrics',
        description: 'For Prometheus: base units, `_total` on counters.',
        tags,
        response: {
          200: {
            description: 'the text format of Prometheus',
            content: { 'text/plain': { schema: { type: 'string' } } },
          },
          ...invalid,
        },
      },
    },
    async (_request, reply) => {
      return reply
        .headers(uncached)
        .type(metrics.registry.contentType)
        .send(await metrics.registry.metrics())
    },
  )

  async function whyNotReady(): Promise<string | undefined> {
    try {
      const at = await within(ANSWER_MS, readState())
      return options.indexerFault() ?? staleness(at, config)
    } catch (error) {
      if (unwrap(error) instanceof UnavailableError) return 'the database is out of reach'
      throw error
    }
  }
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new UnavailableError(`no answer within ${ms} ms`)), ms)
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

/** The server of a process that only indexes: an operator looks at it, and nobody subscribes here. */
export function createOperationServer(
  options: OperationOptions & { log: FastifyBaseLogger },
): FastifyInstance {
  const app = fastify({
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1_024,
    requestTimeout: 15_000,
    http: { headersTimeout: 10_000 },
  })
  errorHandling(app)
  methodNotAllowed(app)
  operationRoutes(app, options)
  const endConnections = watchConnections(app.server)
  app.addHook('preClose', async () => endConnections())
  return app
}
