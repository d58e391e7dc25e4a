import { METHODS } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { sendError } from './errors.ts'

/**
 * Answers methods that a route does not have with 405 and Allow (RFC 9110, section 15.5.6). Register it
 * before the routes.
 * @param servesApi whether CORS answers OPTIONS
 */
export function refuseOtherMethods(app: FastifyInstance, servesApi: boolean): void {
  const allowed = servesApi ? ['GET', 'HEAD', 'OPTIONS'] : ['GET', 'HEAD']
  // node:http closes the connection of a CONNECT.
  const refused = METHODS.filter((method) => ![...allowed, 'CONNECT'].includes(method))
  for (const method of refused) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  app.addHook('onRoute', function (route) {
    if (![route.method].flat().includes('GET')) return
    this.route({
      method: refused,
      url: route.routePath,
      schema: { hide: true },
      // The same rate limit as for the GET route.
      ...(route.config && { config: route.config }),
      // Answered before the body is read, and after the rate limit, which is an onRequest hook.
      async preParsing(request, reply) {
        reply.header('allow', allowed.join(', '))
        return sendError(reply, 'METHOD_NOT_ALLOWED', `${request.method} is not allowed here; use GET`)
      },
      handler: async () => {},
    })
  })
}
