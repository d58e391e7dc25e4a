import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import type { Config } from '../config.ts'
import { answerMalformedRequest, answerMalformedUrl } from './errorHandling.ts'

/**
 * fastify with the settings of the server. Its routes take the types of their requests from their schemas.
 */
export type Instance = ReturnType<typeof createInstance>

export function createInstance({ trustProxy }: Pick<Config, 'trustProxy'>, log: FastifyBaseLogger) {
  const app = fastify({
    loggerInstance: log,
    trustProxy: toTrustFunction(trustProxy),
    genReqId: requestId,
    // measureRequests() logs requests without their query, and the error handler logs failures.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1_024,
    // Time for a request to arrive as a whole. Answers and streams may take longer.
    requestTimeout: 8_000,
    // Longer than proxies keep their connections, so that none sends a request into a connection that is
    // being closed.
    keepAliveTimeout: 75_000,
    // refuseMalformedRequests() answers a request without Host.
    http: {
      requireHostHeader: false,
      headersTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
    },
    // While the server closes, the routes still answer, because a refused stream must say when to reconnect.
    return503OnClosing: false,
    clientErrorHandler: answerMalformedRequest,
    frameworkErrors: answerMalformedUrl,
    routerOptions: { ignoreTrailingSlash: true },
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: true,
        allErrors: true,
        verbose: true,
        // The types of TypeBox and the tests check the schemas. A check at each start would take 0.1 s.
        validateSchema: false,
      },
    },
  })
  // The schemas of responses only describe the API. Compiling a serializer from each would delay the start.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  return app.withTypeProvider<TypeBoxTypeProvider>()
}

/**
 * Turns a number of trusted hops into a function that returns true for a trusted proxy; the nearest is hop 0.
 * Given a number, fastify trusts no proxy, because a client that connects without one could forge its address.
 * Here the operator must let only the proxy reach the port (SECURITY.md).
 */
function toTrustFunction(proxies: Config['trustProxy']) {
  return typeof proxies === 'number' ? (_address: string, hop: number) => hop < proxies : proxies
}

/**
 * Returns the id of a request in the log: the X-Request-Id of a proxy if it is safe to log, so that both logs
 * can be correlated.
 */
function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID()
}
