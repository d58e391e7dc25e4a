import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Config } from '../config.ts'
import { UnavailableError } from '../errors.ts'
import type { Metrics } from '../metrics.ts'
import { type Position, staleness } from '../status.ts'
import { errorHandling } from './errors.ts'
import { watchUnusedConnections } from './unusedConnections.ts'

export interface OperationOptions {
  config: Config
  metrics: Metrics
  readPosition(): Promise<Position>
  /** why this process's indexer does not index; undefined where it does, or where another process is to */
  indexerFault(): string | undefined
  /** brings the gauges up to date before they are read */
  collect(): Promise<void>
}

/** `/health`, `/ready` and `/metrics`: what every process answers, whatever else it does. */
export function operationRoutes(app: FastifyInstance, options: OperationOptions): void {
  app.get('/health', { schema: { summary: 'The process lives', tags: ['operation'] } }, async () => ({
    status: 'ok',
  }))

  app.get(
    '/ready',
    { schema: { summary: 'Database reachable and index fresh', tags: ['operation'] } },
    async (_request, reply) => {
      const reason = await whyNotReady(options)
      if (reason === undefined) return { status: 'ready' }
      return reply.code(503).header('retry-after', 5).send({ status: 'not ready', reason })
    },
  )

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    await options.collect()
    const { registry } = options.metrics
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}

async function whyNotReady({ config, readPosition, indexerFault }: OperationOptions) {
  try {
    const at = await readPosition()
    return indexerFault() ?? staleness(at, config.maxLagSeconds, Date.now() / 1000)
  } catch (error) {
    if (error instanceof UnavailableError) return 'the database is out of reach'
    throw error
  }
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
  operationRoutes(app, options)
  const endUnused = watchUnusedConnections(app.server)
  app.addHook('preClose', async () => endUnused())
  return app
}
