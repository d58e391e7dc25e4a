import { hash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'

/**
 * Adds `ETag` and `Cache-Control`: an answer may be stored but must be revalidated. A request that names the
 * ETag of the present answer gets an empty 304. Errors are not stored. Register it before compression,
 * because it hashes the text.
 * @param shared false if answers need a key, so that only the client itself may store them
 */
export function addCaching(app: FastifyInstance, shared: boolean): void {
  const revalidate = shared ? 'no-cache' : 'private, no-cache'
  app.addHook('onSend', (request, reply, payload, done) => {
    if (reply.hasHeader('cache-control')) return done(null, payload)
    reply.header('cache-control', reply.statusCode === 200 ? revalidate : 'no-store')
    if (reply.statusCode !== 200 || typeof payload !== 'string') return done(null, payload)
    // Weak, because the same answer may be sent compressed or not.
    const etag = `W/"${hash('sha1', payload, 'base64url')}"`
    // Vary is sent even if the answer is too short to be compressed: a later one may be longer.
    reply.headers({ etag, vary: 'accept-encoding' })
    if (!matchesEtag(request.headers['if-none-match'], etag)) return done(null, payload)
    reply.code(304)
    // With null, fastify sends no Content-Length. For HEAD it must be a text, which fastify's own hook expects.
    done(null, request.method === 'HEAD' ? '' : null)
  })
}

/** Returns whether If-None-Match (RFC 9110, section 13.1.2) names a weak ETag, by weak comparison. */
function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch === '*') return true
  return ifNoneMatch.split(',').some((tag) => `W/${tag.trim().replace(/^W\//, '')}` === etag)
}
