import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sendError } from './errors.ts'

/** Where API_KEYS is set, everything below /api needs one of them. */
export function authentication(app: FastifyInstance, apiKeys: string[]): void {
  if (apiKeys.length === 0) return
  const digests = apiKeys.map(digest)
  // After the rate limit, which is onRequest of each route: guessing is limited too.
  app.addHook('preParsing', async (request, reply) => {
    // By the route that was matched: one path can be written in many ways. A preflight carries no key, by the Fetch standard.
    if (!request.routeOptions.url?.startsWith('/api/') || request.method === 'OPTIONS') return
    const given = digest(readKey(request))
    // Each is compared, and in constant time: neither the key nor which one it was can be timed.
    const known = digests.filter((key) => timingSafeEqual(key, given)).length > 0
    if (!known)
      return sendError(
        reply,
        'UNAUTHORIZED',
        'a key is needed: x-api-key, Authorization: Bearer, or api_key in the query',
      )
  })
}

function readKey(request: FastifyRequest): string {
  const { 'x-api-key': header, authorization } = request.headers
  if (header !== undefined) return String(header)
  if (authorization !== undefined) return authorization.replace(/^Bearer\s+/i, '')
  return String((request.query as { api_key?: unknown }).api_key ?? '')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
