import type { FastifyContextConfig } from 'fastify'
import { Type } from 'typebox'
import { UnavailableError } from '../errors.ts'
import { unwrap } from '../messages.ts'
import { staleness } from '../store/lag.ts'
import type { ServerDependencies } from './dependencies.ts'
import type { Instance } from './instance.ts'

/** Value of Retry-After, in seconds, while the server is not ready. */
const NOT_READY_RETRY_SECONDS = 5
const uncached = { 'cache-control': 'no-store' }
const tags = ['operation']
const unlimited = { rateLimit: false } satisfies FastifyContextConfig
const badRequest = { '4xx': { description: 'the request is not valid HTTP' } }

/** `/health`, `/ready` and `/metrics`: for probes and monitoring, without a rate limit or a key. */
export function operationRoutes(app: Instance, dependencies: ServerDependencies): void {
  const health = {
    operationId: 'getHealth',
    summary: 'Whether the process is alive',
    description: 'For a liveness probe. It depends on nothing else: neither the database nor the chain.',
    tags,
    response: {
      200: Type.Object({ status: Type.Literal('ok') }, { description: 'the process is alive' }),
      ...badRequest,
    },
  }
  app.get('/health', { schema: health, config: unlimited }, async (_request, reply) =>
    reply.headers(uncached).send({ status: 'ok' }),
  )

  const ready = {
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
  app.get('/ready', { schema: ready, config: unlimited }, async (_request, reply) => {
    reply.headers(uncached)
    const reason = await notReadyReason(dependencies)
    if (reason === undefined) return reply.send({ status: 'ready' })
    return reply
      .code(503)
      .header('retry-after', NOT_READY_RETRY_SECONDS)
      .send({ status: 'not ready', reason })
  })

  const { registry } = dependencies.metrics
  const metrics = {
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
  app.get('/metrics', { schema: metrics, config: unlimited }, async (_request, reply) => {
    return reply
      .headers(uncached)
      .type(registry.contentType)
      .send(await registry.metrics())
  })
}

/** Returns why the server is not ready, without host names; undefined if it is ready. */
async function notReadyReason(dependencies: ServerDependencies): Promise<string | undefined> {
  try {
    const state = await dependencies.readState()
    return dependencies.haltReason() ?? staleness(state, dependencies.config)
  } catch (error) {
    if (unwrap(error) instanceof UnavailableError) return 'the database is unreachable'
    dependencies.log.error({ err: error }, 'the state of the index cannot be read')
    return 'the state of the index cannot be read; the log has the reason'
  }
}
