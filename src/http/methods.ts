import type { FastifyInstance } from 'fastify'
import { sendError } from './errors.ts'

/** Methods that no route has. OPTIONS is answered by CORS. */
const OTHERS = ['POST', 'PUT', 'PATCH', 'DELETE']

/** Answers 405 with Allow for the methods a route does not have (RFC 9110, section 15.5.6). Comes before the routes. */
export function methodNotAllowed(app: FastifyInstance): void {
  app.addHook('onRoute', function (route) {
    if (![route.method].flat().includes('GET')) return
    this.route({
      method: OTHERS,
      url: route.routePath,
      schema: { hide: true },
      // Before the body is read.
      async onRequest(request, reply) {
        reply.header('allow', 'GET, HEAD, OPTIONS')
        return sendError(reply, 'METHOD_NOT_ALLOWED', `${request.method} is not allowed here; use GET`)
      },
      handler: async () => {},
    })
  })
}
