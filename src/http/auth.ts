import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { KEY_NEEDED, sendError } from './errors.ts'

/** Query parameter of every API route, for clients that cannot send headers. */
export const apiKeyParameter = {
  api_key: Type.Optional(Type.String({ description: 'a key, if the operator set API_KEYS' })),
}

/** The query of an API route without parameters of its own. */
export const KeyQuery = Type.Object(apiKeyParameter, { additionalProperties: false })

/** A query before its validation. */
interface UnvalidatedQuery {
  api_key?: unknown
}

/** Requires one of the keys for every route below /api. Without keys the API is public. */
export function authentication(app: FastifyInstance, apiKeys: string[]): void {
  if (apiKeys.length === 0) return
  const digests = apiKeys.map(sha256)
  // preParsing runs after the rate limit, which is an onRequest hook of each route. So guesses are
  // limited too.
  app.addHook<{ Querystring: UnvalidatedQuery }>('preParsing', async (request, reply) => {
    // The matched route decides, since a path can be written in many ways. A CORS preflight, which has no key
    // (Fetch standard, 3.2.2), was answered before, in an onRequest hook.
    if (!request.routeOptions.url?.startsWith('/api/')) return
    const given = sha256(givenKey(request))
    // Comparing with each key in constant time reveals neither a key nor which one matched.
    const matching = digests.filter((digest) => timingSafeEqual(digest, given))
    if (matching.length === 0) return sendError(reply, 'UNAUTHORIZED', KEY_NEEDED)
  })
}

function givenKey({ headers, query }: FastifyRequest<{ Querystring: UnvalidatedQuery }>): string {
  const { 'x-api-key': header, authorization } = headers
  // Any other scheme is ignored: a proxy that checks a password forwards it.
  const [, token] = /^Bearer\s+(.*)$/i.exec(authorization ?? '') ?? []
  return String(header ?? token ?? query.api_key ?? '')
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
