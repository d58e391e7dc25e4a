import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readMetrics } from '../helpers/metrics.ts'
import { seedJobs } from '../helpers/seedJobs.ts'
import type { Service } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { serveDatabase } from '../helpers/writer.ts'

const KEY = 'a-key-of-this-test'

let url: string
let service: Service
beforeAll(async () => {
  url = await createSharedDatabase()
  await seedJobs(url, 300)
  service = await serveDatabase(url)
})
afterAll(async () => {
  await service?.close()
})

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** The response as sent, not decompressed. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(service.url + path, { headers, method }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode as number,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      )
    })
      .on('error', reject)
      .end()
  })
}

describe('a client that polls', () => {
  it.each([
    '/api/v1/jobs',
    '/api/v1/jobs?strategyType=PROGRAM',
    '/api/v1/jobs/42',
    '/api/v1/config',
    '/openapi.json',
    '/docs',
  ])('gets %s once, and then an empty 304 while it is the same', async (path) => {
    const first = await get(path)
    expect(first).toMatchObject({ status: 200, headers: { 'cache-control': 'no-cache' } })
    const etag = String(first.headers.etag)
    expect(etag).toMatch(/^W\/"[\w-]+"$/)
    for (const known of [etag, etag.slice(2), `"other", ${etag}`, '*']) {
      const again = await get(path, { 'if-none-match': known })
      expect(again.status).toBe(304)
      expect(again.body.length).toBe(0)
      expect(again.headers).toMatchObject({ etag, vary: 'accept-encoding' })
      // RFC 9110 8.6: it would have to be the length of the 200.
      expect(again.headers['content-length']).toBeUndefined()
    }
    expect(first.headers.vary).toBe('accept-encoding')
    expect((await get(path, { 'if-none-match': 'W/"older"' })).status).toBe(200)
    const head = await get(path, {}, 'HEAD')
    expect(head).toMatchObject({ status: 200, headers: { etag } })
    expect(head.body.length).toBe(0)
  })

  it('gets another ETag for another answer', async () => {
    const tags = await Promise.all(
      ['/api/v1/jobs', '/api/v1/jobs?page=2', '/api/v1/jobs?limit=5'].map(
        async (path) => (await get(path)).headers.etag,
      ),
    )
    expect(new Set(tags).size).toBe(3)
  })

  it('may not store an error, and never gets 304 for one', async () => {
    for (const path of ['/api/v1/jobs/999999', '/api/v1/jobs?limit=0', '/nothing']) {
      const answer = await get(path, { 'if-none-match': '*' })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.headers.etag).toBeUndefined()
    }
  })

  it('may not share an answer that needs a key', async () => {
    const keyed = await serveDatabase(url, { API_KEYS: KEY })
    try {
      const answer = await fetch(`${keyed.url}/api/v1/jobs`, { headers: { 'x-api-key': KEY } })
      expect(answer.headers.get('cache-control')).toBe('private, no-cache')
    } finally {
      await keyed.close()
    }
  })
})

it('probes and metrics are never stored', async () => {
  for (const path of ['/health', '/ready', '/metrics'])
    expect((await get(path)).headers['cache-control']).toBe('no-store')
})

// RFC 9110 8.6: a length in the answer to HEAD would have to be that of the compressed content.
it('HEAD of an answer that GET compresses has no length', async () => {
  for (const known of ['"older"', '*']) {
    const { headers } = await get(
      '/api/v1/jobs',
      { 'accept-encoding': 'gzip', 'if-none-match': known },
      'HEAD',
    )
    expect(headers['content-length']).toBeUndefined()
    expect(headers.vary).toBe('accept-encoding')
  }
})

it('a large answer is compressed by the coding that the client accepts, with the ETag of the plain answer', async () => {
  const plain = await get('/api/v1/jobs')
  const gzip = await get('/api/v1/jobs', { 'accept-encoding': 'gzip' })
  const brotli = await get('/api/v1/jobs', { 'accept-encoding': 'br' })
  expect(gzip.headers).toMatchObject({
    'content-encoding': 'gzip',
    etag: plain.headers.etag,
    vary: 'accept-encoding',
  })
  expect(brotli.headers).toMatchObject({ 'content-encoding': 'br', etag: plain.headers.etag })
  expect(gunzipSync(gzip.body)).toEqual(plain.body)
  expect(brotliDecompressSync(brotli.body)).toEqual(plain.body)
  expect(gzip.body.length).toBeLessThan(plain.body.length / 3)
  const unchanged = await get('/api/v1/jobs', {
    'accept-encoding': 'gzip',
    'if-none-match': String(gzip.headers.etag),
  })
  expect(unchanged.status).toBe(304)
})

it('however many clients request statistics, configuration or readiness, the database is read a few times a second', async () => {
  const statements = async () =>
    (await readMetrics(service.url))('jobcast_database_query_duration_seconds_count')
  // No indexer runs, so it is not ready.
  const expected = { '/api/v1/stats': 200, '/api/v1/config': 200, '/ready': 503 }
  const [before, start] = [await statements(), performance.now()]
  await Promise.all(
    Array.from({ length: 300 }, () =>
      Promise.all(
        Object.entries(expected).map(async ([path, status]) => expect((await get(path)).status).toBe(status)),
      ),
    ),
  )
  const seconds = (performance.now() - start) / 1_000
  expect((await statements()) - before).toBeLessThan(Math.min(90, 20 * (seconds + 1)))
})
