import { METHODS } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { sendError } from './errors.ts'

/**
 * Methods that no route has. OPTIONS is left out because CORS answers it; a process without the API answers it
 * with 404. CONNECT is left out because node:http closes its connection.
 */
const UNSUPPORTED = METHODS.filter((method) => !['GET', 'HEAD', 'OPTIONS', 'CONNECT'].includes(method))

/**
 * Answers methods that a route does not have with 405 and Allow (RFC 9110, section 15.5.6). Register it
 * before the routes.
 */
export function refuseOtherMethods(app: FastifyInstance, servesApi: boolean): void {
  const allow = servesApi ? 'GET, HEAD, OPTIONS' : 'GET, HEAD'
  for (const method of UNSUPPORTED) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  app.addHook('onRoute', function (route) {
    if (![route.method].flat().includes('GET')) return
    this.route({
      method: UNSUPPORTED,
      url: route.routePath,
      schema: { hide: true },
      // The same rate limit as for the GET route.
      ...(route.config && { config: route.config }),
      // Answered before the body is read, and after the rate limit, which is an onRequest hook.
      async preParsing(request, reply) {
        reply.header('allow', allow)
        return sendError(reply, 'METHOD_NOT_ALLOWED', `${request.method} is not allowed here; use GET`)
      },
      handler: async () => {},
    })
  })
}
