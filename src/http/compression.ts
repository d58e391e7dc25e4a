import { hash } from 'node:crypto'
import { type BrotliOptions, brotliCompressSync, gzipSync, type ZlibOptions } from 'node:zlib'
import compress from '@fastify/compress'
import type { Instance } from './instance.ts'

/**
 * Answers up to this size are compressed at once, which takes 1 ms for each 40 kB. A compression in the background needs
 * 500 kB of its own until its client has read the answer: 4,000 pipelined requests needed 2 GB.
 */
const MAX_SYNC_BYTES = 256 * 1_024

/** Compressed answers that are kept: the documents, the files of the pages, and the pages of jobs that clients poll. */
const MAX_KEPT = 100

/** Compresses answers by brotli or gzip. Register it after caching, which hashes the text. */
export async function compression(app: Instance): Promise<void> {
  await app.register(compress, {
    encodings: ['br', 'gzip'],
    threshold: 1_024,
    syncThreshold: MAX_SYNC_BYTES,
    zlib: {
      brotliCompressSync: memoizeLatest<BrotliOptions>(brotliCompressSync),
      gzipSync: memoizeLatest<ZlibOptions>(gzipSync),
    },
  })
}

/** Compresses an answer once while it is among the latest. The options are those of the server, always the same. */
function memoizeLatest<Options>(compressSync: (data: Buffer, options: Options) => Buffer) {
  const latest = new Map<string, Buffer>()
  return (data: Buffer, options: Options): Buffer => {
    const key = hash('sha256', data, 'base64')
    const compressed = latest.get(key) ?? compressSync(data, options)
    // A Map is in the order of insertion, so the first entry is the one that was used longest ago.
    latest.delete(key)
    latest.set(key, compressed)
    const [oldest] = latest.keys()
    if (oldest !== undefined && latest.size > MAX_KEPT) latest.delete(oldest)
    return compressed
  }
}
