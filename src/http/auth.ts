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
export function requireKey(app: FastifyInstance, apiKeys: string[]): void {
  if (apiKeys.length === 0) return
  const digests = apiKeys.map(sha256)
  // preParsing runs after the rate limit, which is an onRequest hook of each route. So guesses are
  // limited too.
  app.addHook<{ Querystring: UnvalidatedQuery }>('preParsing', async (request, reply) => {
    // The matched route decides, since a path can be written in many ways. A CORS preflight, which has no key
    // (Fetch standard, 3.2.2), was answered before, in an onRequest hook.
    if (!request.routeOptions.url?.startsWith('/api/')) return
    const given = givenKeys(request).map(sha256)
    // Every pair is compared, each in constant time, so the time reveals neither a key nor which one matched.
    const matching = digests.flatMap((digest) => given.filter((each) => timingSafeEqual(digest, each)))
    if (matching.length === 0) return sendError(reply, 'UNAUTHORIZED', KEY_NEEDED)
  })
}

/**
 * Returns what the request has in each place for a key. A proxy that checks users may forward its own
 * Authorization, so one place does not exclude another.
 */
function givenKeys({ headers, query }: FastifyRequest<{ Querystring: UnvalidatedQuery }>): string[] {
  const [, token] = /^Bearer\s+(.*)$/i.exec(headers.authorization ?? '') ?? []
  return [headers['x-api-key'], token, query.api_key].map((key) => String(key ?? ''))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
