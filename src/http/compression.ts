import { hash } from 'node:crypto'
import { type BrotliOptions, brotliCompressSync, gzipSync, type ZlibOptions } from 'node:zlib'
import compress from '@fastify/compress'
import type { onSendHookHandler } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Instance } from './instance.ts'

/**
 * Answers up to this size are compressed synchronously, which takes 1 ms for each 40 kB. Asynchronous
 * compression needs 500 kB per answer until its client has read it: 4,000 pipelined requests needed 2 GB.
 */
const MAX_SYNC_BYTES = 256 * 1_024

/**
 * Maximum number of compressed answers kept: the documents, the files of the pages, and the pages of jobs
 * that clients poll.
 */
const MAX_KEPT = 100

/**
 * Compresses answers by brotli or gzip. Register it before the routes, and after caching, which hashes
 * the text.
 */
export async function compressAnswers(app: Instance): Promise<void> {
  // fastify would send the length of the plain text, but GET may send compressed bytes (RFC 9110, section 8.6).
  app.addHook('onRoute', (route) => {
    if (route.method === 'HEAD') route.onSend = [route.onSend ?? [], omitLength].flat()
  })
  await app.register(compress, {
    encodings: ['br', 'gzip'],
    threshold: 1_024,
    syncThreshold: MAX_SYNC_BYTES,
    zlib: {
      brotliCompressSync: memoizeRecent<BrotliOptions>(brotliCompressSync),
      gzipSync: memoizeRecent<ZlibOptions>(gzipSync),
    },
  })
}

const omitLength: onSendHookHandler = (_request, reply, payload, done) => {
  reply.removeHeader('content-length')
  done(null, payload)
}

/**
 * Keeps the most recently used compressed answers. Options are not part of the key, because the server always
 * passes the same.
 */
function memoizeRecent<Options>(compressSync: (data: Buffer, options: Options) => Buffer) {
  const recent = new LRUCache<string, Buffer>({ max: MAX_KEPT })
  return (data: Buffer, options: Options): Buffer => {
    const key = hash('sha256', data, 'base64')
    const known = recent.get(key)
    if (known) return known
    const compressed = compressSync(data, options)
    recent.set(key, compressed)
    return compressed
  }
}
