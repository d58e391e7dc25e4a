import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { readMetrics } from '../helpers/metrics.ts'
import { startProcess } from '../helpers/process.ts'
import { openRaw, parseAnswer } from '../helpers/rawHttp.ts'
import type { Service } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { until } from '../helpers/until.ts'
import { openWriter, serveDatabase, type Writer } from '../helpers/writer.ts'

let url: string
let writer: Writer
beforeAll(async () => {
  url = await createSharedDatabase()
  writer = await openWriter(url)
})
afterAll(async () => {
  await writer.close()
})

async function serve(env: Record<string, string>): Promise<Service> {
  const service = await serveDatabase(url, env)
  onTestFinished(() => service.close())
  return service
}

async function raw(service: Service) {
  const connection = await openRaw(service.url)
  onTestFinished(() => connection.close())
  return connection
}

const GET = 'GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n'
const streams = async (service: Service) => (await readMetrics(service.url))('jobcast_streams')

describe('MAX_STREAMS', () => {
  it('refuses further streams: EventSource by an event after which it reconnects, other clients by 503', async () => {
    const service = await serve({ MAX_STREAMS: '2' })
    const open = [subscribe(service), subscribe(service)]
    for (const stream of open) await stream.connected

    const connection = await raw(service)
    connection.send('GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n')
    // The answer is complete, and the connection takes the next request.
    connection.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n')
    const answer = parseAnswer(await connection.until('{"status":"ok"}'))
    expect(answer.complete).toBe(true)
    expect(answer.headers.slice(0, 5)).toEqual([
      ['Content-Type', 'text/event-stream'],
      ['Cache-Control', 'no-cache, no-transform'],
      ['Connection', 'keep-alive'],
      ['X-Accel-Buffering', 'no'],
      ['Access-Control-Allow-Origin', '*'],
    ])
    const [, retry, data] = /^retry: (\d+)\nevent: unavailable\ndata: (.*)\n\n$/.exec(answer.body) ?? []
    const { reason, retryAfter } = JSON.parse(data as string)
    expect(reason).toBe('full')
    expect(retryAfter).toBeGreaterThanOrEqual(15)
    expect(retryAfter).toBeLessThanOrEqual(60)
    expect(Number(retry)).toBe(retryAfter * 1_000)

    const plain = await fetch(`${service.url}/api/v1/events`)
    expect(plain.status).toBe(503)
    expect(Number(plain.headers.get('retry-after'))).toBeGreaterThanOrEqual(15)
    expect(plain.headers.get('access-control-allow-origin')).toBe('*')
    expect((await plain.json()).error.code).toBe('UNAVAILABLE')

    const real = subscribe(service)
    await real.waitFor((event) => event.type === 'unavailable')
    expect(real.alive()).toBe(true)
    expect((await readMetrics(service.url))('jobcast_streams_refused_total{reason="full"}')).toBe(3)
  })
})

describe('MAX_STREAMS_PER_IP', () => {
  it('refuses a further stream by 429, and a closed stream makes room', async () => {
    const service = await serve({ MAX_STREAMS_PER_IP: '2' })
    const open = [subscribe(service), subscribe(service)] as const
    for (const stream of open) await stream.connected
    const refused = subscribe(service)
    await until(() => !refused.alive(), { message: 'the client gives up' })
    expect(refused.responses[0]?.status).toBe(429)
    expect(Number(refused.responses[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
    open[0].close()
    await until(async () => (await streams(service)) === 1)
    await subscribe(service).connected
  })

  it('counts each stream once, however it is opened and closed', async () => {
    const service = await serve({ MAX_STREAMS_PER_IP: '8' })
    const begin = async () => {
      const connection = await raw(service)
      connection.send(GET)
      await connection.until('event: connected')
      return connection
    }
    // Resets, ends, requests whose connection is gone before the server reads them, and garbage.
    for (const how of ['reset', 'end', 'reset at once', 'garbage'] as const) {
      for (let i = 0; i < 8; i++) {
        if (how === 'reset at once') {
          const connection = await raw(service)
          connection.send(GET)
          connection.socket.resetAndDestroy()
          continue
        }
        const connection = await begin()
        if (how === 'reset') connection.socket.resetAndDestroy()
        if (how === 'end') connection.socket.end()
        if (how === 'garbage') connection.send('\0\0\0')
      }
      await until(async () => (await streams(service)) === 0, { message: `no stream is left after ${how}` })
    }
    // Requests pipelined after a stream: the connection closes before the server answers them.
    for (let i = 0; i < 3; i++) {
      const connection = await begin()
      connection.send(GET.repeat(20))
      const other = await raw(service)
      other.send(GET.replace('/events', '/jobs?limit=1') + GET.repeat(2))
      await other.until('event: connected')
      connection.socket.resetAndDestroy()
      other.socket.resetAndDestroy()
      await until(async () => (await streams(service)) === 0, {
        message: 'no stream is left after pipelining',
      })
    }
    for (let i = 0; i < 20; i++) await fetch(`${service.url}/api/v1/events`, { method: 'HEAD' })

    const open = await Promise.all(Array.from({ length: 8 }, begin))
    expect((await fetch(`${service.url}/api/v1/events`)).status).toBe(429)
    for (const connection of open) connection.close()
    await until(async () => (await streams(service)) === 0)
    const read = await readMetrics(service.url)
    const opened = ['null', 'true', 'false'].map((how) =>
      read(`jobcast_streams_opened_total{resumed="${how}"}`),
    )
    expect(opened.reduce((a, b) => a + b)).toBe(read('jobcast_streams_closed_total'))
  })

  it('holds for a burst of simultaneous requests', async () => {
    const service = await serve({ MAX_STREAMS_PER_IP: '5' })
    const all = await Promise.all(Array.from({ length: 30 }, () => raw(service)))
    for (const connection of all) connection.send(GET.replace('\r\n\r\n', '\r\nLast-Event-ID: 1\r\n\r\n'))
    await Promise.all(all.map((connection) => connection.until('\r\n\r\n')))
    const statuses = all.map((connection) => parseAnswer(connection.received()).status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(5)
    expect(statuses.filter((status) => status === 429)).toHaveLength(25)
  })
})

describe('TRUST_PROXY', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address })

  it('unset, does not trust an address given by the client', async () => {
    const service = await serve({ MAX_STREAMS_PER_IP: '1' })
    await subscribe(service, { headers: from('198.51.100.1') }).connected
    const other = subscribe(service, { headers: from('198.51.100.2') })
    await until(() => other.responses[0]?.status === 429)
  })

  it('set, counts the streams of each address behind the proxy separately', async () => {
    const service = await serve({ MAX_STREAMS_PER_IP: '1', TRUST_PROXY: '127.0.0.1' })
    const first = subscribe(service, { headers: from('198.51.100.1') })
    await first.connected
    await subscribe(service, { headers: from('198.51.100.2') }).connected
    await subscribe(service, { headers: from('2001:db8:1:1::1') }).connected
    const same = [
      subscribe(service, { headers: from('198.51.100.1') }),
      subscribe(service, { headers: from('2001:db8:1:1::2') }),
    ]
    await until(() => same.every((stream) => stream.responses[0]?.status === 429))
    first.close()
    await until(async () => (await streams(service)) === 2)
    await subscribe(service, { headers: from('198.51.100.1') }).connected
  })

  it('as a number of hops, trusts that many proxies and no address before them', async () => {
    const service = await serve({ MAX_STREAMS_PER_IP: '1', TRUST_PROXY: '1' })
    await subscribe(service, { headers: from('203.0.113.9, 198.51.100.1') }).connected
    const forged = subscribe(service, { headers: from('203.0.113.10, 198.51.100.1') })
    await until(() => forged.responses[0]?.status === 429)
  })
})

describe('RATE_LIMIT', () => {
  it("refuses requests and streams of one address by 429 with the API's error body, and counts them", async () => {
    const service = await serve({ RATE_LIMIT: '5', TRUST_PROXY: 'true' })
    const ask = (address: string, path = '/api/v1/jobs') =>
      fetch(service.url + path, { headers: { 'x-forwarded-for': address } })
    for (let i = 0; i < 5; i++) expect((await ask('198.51.100.1')).status).toBe(200)
    const refused = await ask('198.51.100.1')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
    expect(await refused.json()).toEqual({
      success: false,
      error: { code: 'RATE_LIMITED', message: expect.stringContaining('try again') },
    })
    expect((await ask('198.51.100.1', '/api/v1/events')).status).toBe(429)
    expect((await ask('198.51.100.2')).status).toBe(200)
    expect((await ask('198.51.100.1', '/ready')).status).not.toBe(429)
    expect((await readMetrics(service.url))('jobcast_streams_refused_total{reason="rate_limited"}')).toBe(1)
  })
})

describe('API_KEYS', () => {
  const keys = { API_KEYS: 'first-key-0001, second-key-0002' }

  it('are accepted as header, bearer token or query parameter, and in no other way', async () => {
    const service = await serve(keys)
    const status = async (headers: Record<string, string>, query = '') => {
      const answers = await Promise.all(
        ['/api/v1/jobs', '/api/v1/events'].map(async (path) => {
          const abort = new AbortController()
          const answer = await fetch(service.url + path + query, { headers, signal: abort.signal })
          abort.abort()
          return answer.status
        }),
      )
      expect(new Set(answers).size).toBe(1)
      return answers[0]
    }
    expect(await status({ 'x-api-key': 'first-key-0001' })).toBe(200)
    expect(await status({ authorization: 'Bearer second-key-0002' })).toBe(200)
    expect(await status({ authorization: 'bearer second-key-0002' })).toBe(200)
    expect(await status({}, '?api_key=first-key-0001')).toBe(200)
    // A proxy that checks users may forward a header of its own.
    const password = { authorization: `Basic ${btoa('user:password')}` }
    expect(await status(password, '?api_key=first-key-0001')).toBe(200)
    expect(await status({ authorization: 'Bearer of-the-proxy' }, '?api_key=first-key-0001')).toBe(200)
    expect(await status({ authorization: 'first-key-0001' })).toBe(401)
    expect(await status({})).toBe(401)
    expect(await status({ 'x-api-key': 'first-key-0002' })).toBe(401)
    expect(await status({ 'x-api-key': '' })).toBe(401)
    expect(await status({}, '?api_key=')).toBe(401)
    expect(await status({}, '?api_key=first-key-0001&api_key=first-key-0001')).toBe(401)
    expect((await service.get('/api/v1/jobs', 401)).error.code).toBe('UNAUTHORIZED')
    expect((await readMetrics(service.url))('jobcast_streams_refused_total{reason="unauthorized"}')).toBe(6)
    for (const path of ['/health', '/openapi.json', '/metrics'])
      expect((await fetch(service.url + path)).status).toBe(200)
  })

  it('cannot be bypassed by another spelling of the path', async () => {
    const service = await serve(keys)
    const targets = [
      '/api/v1/jobs',
      '/%61pi/v1/jobs',
      '/api/v1/%6aobs',
      '//api/v1/jobs',
      '/api/v1/jobs/',
      '/API/v1/jobs',
    ]
    for (const target of [...targets, ...targets.map((path) => `http://any.example${path}`)]) {
      const connection = await raw(service)
      connection.send(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      await connection.untilEnded()
      expect([401, 404], target).toContain(parseAnswer(connection.received()).status)
    }
  })

  it('are never logged, valid or not, however the request fails', async () => {
    const server = await startProcess({
      args: ['start', '--only', 'api'],
      env: { DATABASE_URL: url, API_KEYS: 'right-key-secret', LOG_LEVEL: 'trace' },
    })
    onTestFinished(async () => void (await server.stop()))
    await server.untilAnswers()
    const targets = [
      '/api/v1/events',
      '/api/v1/jobs',
      '/nowhere',
      '/%ff%zz',
      '/api/v1/jobs/x',
      '/docs/%2e%2e/x',
    ]
    for (const key of ['right-key-secret', 'wrong-key-secret'])
      for (const target of targets)
        for (const version of ['1.1', '1.1\r\nLast-Event-ID: \0', '3.0'])
          for (const query of [`api_key=${key}`, `api_key=${key}&nope=1`]) {
            const connection = await openRaw(server.url)
            connection.send(
              `GET ${target}?${query} HTTP/${version}\r\nHost: x\r\nX-Api-Key: ${key}\r\nAuthorization: Bearer ${key}\r\n\r\n`,
            )
            await connection.until('\r\n\r\n')
            connection.close()
          }
    expect((await server.stop()).code).toBe(0)
    expect(server.logs.length).toBeGreaterThan(0)
    expect(JSON.stringify(server.logs)).not.toContain('key-secret')
  })

  it('are not required for the preflight of a browser, which has no key', async () => {
    const service = await serve(keys)
    const answer = await fetch(`${service.url}/api/v1/events`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://example.org',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'x-api-key',
      },
    })
    expect(answer.status).toBe(204)
    expect((await fetch(`${service.url}/api/v1/events`, { method: 'OPTIONS' })).status).toBe(204)
  })
})

describe('without a database', () => {
  it('a stream gets the event unavailable, and REST is 503', async () => {
    const service = await serveDatabase('postgres://postgres@127.0.0.1:1/none')
    onTestFinished(() => service.close())
    const stream = subscribe(service)
    await stream.waitFor((event) => event.type === 'unavailable')
    expect(stream.alive()).toBe(true)
    for (const path of ['/api/v1/jobs', '/api/v1/events']) {
      // The first request may use the stream's connection, which the server is closing.
      const answer = await until(() => fetch(service.url + path).catch(() => undefined))
      expect(answer.status).toBe(503)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect((await answer.json()).error).toEqual({
        code: 'UNAVAILABLE',
        message: expect.stringContaining('database'),
      })
    }
  })
})

describe('everything a stream does is counted', () => {
  it('streams opened and resumed, events after the position of a resumed stream, events delivered, bytes, and refusals', async () => {
    const service = await serve({ KEEPALIVE_SECONDS: '1' })
    const last = await writer.add({}, {}, {}, {}, {})
    await until(async () => (await readMetrics(service.url))('jobcast_feed_last_id') === last)
    await subscribe(service).connected
    const stream = subscribe(service, { lastEventId: last - 3 })
    await stream.waitFor(3)
    const read = await readMetrics(service.url)
    expect(read('jobcast_streams')).toBe(2)
    expect(read('jobcast_streams_opened_total{resumed="null"}')).toBe(1)
    expect(read('jobcast_streams_opened_total{resumed="true"}')).toBe(1)
    expect(read('jobcast_resume_behind_events_sum')).toBe(3)
    expect(read('jobcast_events_delivered_total')).toBe(3)
    const bytes = read('jobcast_stream_bytes_total')
    expect(bytes).toBeGreaterThan(1_000)
    await stream.waitFor((event) => event.type === 'ping')
    await until(async () => (await readMetrics(service.url))('jobcast_stream_bytes_total') > bytes)
    await fetch(`${service.url}/api/v1/events?nope=1`)
    expect((await readMetrics(service.url))('jobcast_streams_refused_total{reason="bad_request"}')).toBe(1)
  })
})
