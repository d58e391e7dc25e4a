import { hash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'

/**
 * Lets clients poll cheaply: an answer may be kept, but is to be asked for again, and asking with its ETag gets an empty 304
 * while it is the same. Errors are never kept. Comes before compression, which leaves no body to hash.
 * @param shared false where answers are for the holder of a key alone
 */
export function caching(app: FastifyInstance, shared: boolean): void {
  const keep = shared ? 'no-cache' : 'private, no-cache'
  app.addHook('onSend', (request, reply, payload, done) => {
    if (reply.hasHeader('cache-control')) return done(null, payload)
    if (reply.statusCode !== 200) {
      reply.header('cache-control', 'no-store')
      return done(null, payload)
    }
    reply.header('cache-control', keep)
    if (typeof payload !== 'string' || reply.hasHeader('etag')) return done(null, payload)
    const tag = etagOf(payload)
    reply.header('etag', tag)
    if (!isKnown(request.headers['if-none-match'], tag)) return done(null, payload)
    reply.code(304)
    done(null, '')
  })
}

/** Weak, because the same answer may go out compressed or not. */
export function etagOf(body: string | Buffer): string {
  return `W/"${hash('sha1', body, 'base64url')}"`
}

/** Whether If-None-Match (RFC 9110, section 13.1.2, weak comparison) names the tag. */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch === tag || ifNoneMatch === '*') return true
  const opaque = tag.slice(2)
  return ifNoneMatch.split(',').some((each) => each.trim().replace(/^W\//, '') === opaque)
}
