import type { FastifyContextConfig } from 'fastify'
import { Type } from 'typebox'
import type { Instance } from './instance.ts'
import type { ServerOptions } from './options.ts'
import { notReadyReason, type ReadinessOptions } from './readiness.ts'

/** Value of Retry-After, in seconds, while the server is not ready. */
const NOT_READY_RETRY_SECONDS = 5
const uncached = { 'cache-control': 'no-store' }
const tags = ['operation']
const config = { rateLimit: false } satisfies FastifyContextConfig
const badRequest = { '4xx': { description: 'the request is not valid HTTP' } }

type OperationOptions = ReadinessOptions & Pick<ServerOptions, 'metrics'>

/** `/health`, `/ready` and `/metrics`: for probes and monitoring, without a rate limit or a key. */
export function operationRoutes(app: Instance, options: OperationOptions): void {
  healthRoute(app)
  readyRoute(app, options)
  metricsRoute(app, options)
}

function healthRoute(app: Instance): void {
  const schema = {
    operationId: 'getHealth',
    summary: 'Whether the process is alive',
    description: 'For a liveness probe. It depends on nothing else: neither the database nor the chain.',
    tags,
    response: {
      200: Type.Object({ status: Type.Literal('ok') }, { description: 'the process is alive' }),
      ...badRequest,
    },
  }
  app.get('/health', { schema, config }, async (_request, reply) =>
    reply.headers(uncached).send({ status: 'ok' }),
  )
}

function readyRoute(app: Instance, options: ReadinessOptions): void {
  const schema = {
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
          reason: Type.String({ examples: ['the index lags by 1200 blocks (2400 s)'] }),
        },
        { description: 'the server is not ready; with the reason in words, and Retry-After' },
      ),
      ...badRequest,
    },
  }
  app.get('/ready', { schema, config }, async (_request, reply) => {
    reply.headers(uncached)
    const reason = await notReadyReason(options)
    if (reason === undefined) return reply.send({ status: 'ready' })
    return reply
      .code(503)
      .header('retry-after', NOT_READY_RETRY_SECONDS)
      .send({ status: 'not ready', reason })
  })
}

function metricsRoute(app: Instance, { metrics: { registry } }: OperationOptions): void {
  const schema = {
    operationId: 'getMetrics',
    summary: 'Metrics',
    description: 'For Prometheus: base units, `_total` on counters.',
    tags,
    response: {
      200: {
        description: 'the text format of Prometheus',
        content: { 'text/plain': { schema: { type: 'string' } } },
      },
      ...badRequest,
    },
  }
  app.get('/metrics', { schema, config }, async (_request, reply) => {
    return reply
      .headers(uncached)
      .type(registry.contentType)
      .send(await registry.metrics())
  })
}
