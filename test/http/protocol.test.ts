import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { watchConnections } from '../../src/http/connections.ts'
import { openRaw, parseAnswer, type RawAnswer } from '../helpers/rawHttp.ts'
import { type Service, startService, unreachable } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

let service: Service

beforeAll(async () => {
  service = await startService({ ...unreachable, RATE_LIMIT: '30' })
})
afterAll(async () => {
  await service?.close()
})

async function exchange(request: string): Promise<RawAnswer> {
  const connection = await openRaw(service.url)
  try {
    connection.send(request)
    return parseAnswer(await connection.until('}'))
  } finally {
    connection.close()
  }
}

it.each([
  ['without Host', 'GET /health HTTP/1.1\r\n\r\n'],
  ['for *', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n'],
])('a request %s is a 400 with the error body of the API', async (_name, request) => {
  const answer = await exchange(request)
  expect(answer.status).toBe(400)
  expect(JSON.parse(answer.body)).toMatchObject({ success: false, error: { code: 'BAD_REQUEST' } })
})

it.each([
  ['of HTTP/1.0 without Host', 'GET /health HTTP/1.0\r\n\r\n'],
  ['with an unknown Expect', 'GET /health HTTP/1.1\r\nHost: x\r\nExpect: foo\r\n\r\n'],
])('a request %s is answered', async (_name, request) => {
  expect((await exchange(request)).status).toBe(200)
})

it.each([
  ['http://x/', 200, undefined],
  ['http://x/docs/', 302, '../docs'],
])('the address %s as a whole is a path of this server', async (address, status, location) => {
  const connection = await openRaw(service.url)
  onTestFinished(() => connection.close())
  connection.send(`GET ${address} HTTP/1.1\r\nHost: x\r\n\r\n`)
  const answer = parseAnswer(await connection.until('\r\n\r\n'))
  expect(answer.status).toBe(status)
  expect(answer.header('location')).toBe(location)
})

it('unknown paths and methods count for the rate limit, and probes are answered beyond it', async () => {
  const limited = await startService({ ...unreachable, RATE_LIMIT: '2' })
  onTestFinished(() => limited.close())
  const status = async (method: string, path: string) => (await fetch(limited.url + path, { method })).status
  expect(await status('GET', '/nowhere')).toBe(404)
  expect(await status('DELETE', '/api/v1/jobs')).toBe(405)
  for (const [method, path] of [
    ['GET', '/nowhere'],
    ['DELETE', '/api/v1/jobs'],
    ['GET', '/openapi.json'],
  ] as const)
    expect(await status(method, path), path).toBe(429)
  expect(await status('GET', '/health')).toBe(200)
})

// RFC 9110 15.5.6: a 405 must have Allow.
describe('methods', () => {
  it.each(['/api/v1/jobs', '/api/v1/jobs/1', '/api/v1/events', '/health', '/', '/docs/'])(
    'POST %s is 405 with Allow, whatever its body',
    async (path) => {
      const response = await fetch(service.url + path, {
        method: 'POST',
        body: '<xml/>',
        headers: { 'content-type': 'text/xml' },
      })
      expect(response.status).toBe(405)
      expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
      expect(await response.json()).toMatchObject({ error: { code: 'METHOD_NOT_ALLOWED' } })
    },
  )

  it('a POST is refused before its body arrives', async () => {
    const head = 'POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n'
    expect((await exchange(head)).status).toBe(405)
  })

  it.each(['TRACE', 'PROPFIND', 'M-SEARCH', 'LOCK'])('%s is 405 with Allow too', async (method) => {
    const answer = await exchange(`${method} /api/v1/jobs HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect(answer.status).toBe(405)
    expect(answer.header('allow')).toBe('GET, HEAD, OPTIONS')
    expect(JSON.parse(answer.body).error.code).toBe('METHOD_NOT_ALLOWED')
  })

  it('a path that does not exist stays 404 for any method', async () => {
    expect((await fetch(`${service.url}/nowhere`, { method: 'DELETE' })).status).toBe(404)
  })
})

it.each(['1e1', '0x10', '+5', '5.0', ' 5'])(
  'limit=%s is a 400 that states the accepted values',
  async (limit) => {
    const response = await fetch(`${service.url}/api/v1/jobs?limit=${encodeURIComponent(limit)}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringContaining('limit takes') },
    })
  },
)

it('answers have the security headers, and none that names the software', async () => {
  const { headers } = await fetch(`${service.url}/health`)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('x-frame-options')).toBe('SAMEORIGIN')
  expect(headers.get('x-powered-by')).toBeNull()
  expect(headers.get('server')).toBeNull()
})

it('the files of the page do not count for the rate limit', async () => {
  const html = await (await fetch(`${service.url}/`)).text()
  const [, file] = /(?:src|href)="\/?(page\/[^"]+)"/.exec(html) ?? []
  expect(file).toBeDefined()
  for (let i = 0; i < 40; i++) expect((await fetch(`${service.url}/${file}`)).status).toBe(200)
})

it('a client that pipelines without reading its answers is disconnected, one that pipelines a little is not', async () => {
  let seen = 0
  const waiting: ServerResponse[] = []
  const server = createServer((_request, response) => {
    seen++
    waiting.push(response)
  })
  watchConnections(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as AddressInfo
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    const modest = connect(port, '127.0.0.1')
    let text = ''
    modest.on('data', (bytes) => {
      text += bytes
    })
    modest.write(request.repeat(32))
    await until(() => waiting.length === 32, { message: 'the modest requests came' })
    for (const response of waiting.splice(0)) response.end('ok')
    await until(() => text.split('HTTP/1.1 200').length === 33, { message: 'each of them is answered' })

    const greedy = connect(port, '127.0.0.1')
    const closed = new Promise((resolve) => greedy.once('close', resolve))
    greedy.on('error', () => {})
    greedy.write(request.repeat(50_000))
    await closed
    // What one read of the socket brought is still parsed: 64 KiB.
    expect(seen).toBeLessThan(5_000)
    modest.destroy()
  } finally {
    server.close()
  }
})

it('while the server closes, an unused connection is ended at once, and another when all it has pipelined is answered', async () => {
  const waiting: ServerResponse[] = []
  const server = createServer((_request, response) => {
    waiting.push(response)
  })
  const endConnections = watchConnections(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const unused = await openRaw(`http://127.0.0.1:${port}`)
  const busy = await openRaw(`http://127.0.0.1:${port}`)
  busy.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2))
  await until(() => waiting.length === 2, { message: 'both requests came' })
  endConnections()
  server.close()
  await unused.untilEnded()
  for (const response of waiting) response.end('ok')
  await busy.untilEnded()
  expect(busy.received().split('HTTP/1.1 200')).toHaveLength(3)
})

it('a service without a rate limit disconnects a client that pipelines without waiting for answers', async () => {
  const unlimited = await startService({ ...unreachable, RATE_LIMIT: '0' })
  const greedy = connect(Number(new URL(unlimited.url).port), '127.0.0.1')
  let text = ''
  let ended = false
  greedy.on('error', () => {})
  greedy.on('data', (bytes) => {
    text += bytes
  })
  greedy.once('close', () => {
    ended = true
  })
  const answers = () => text.split('HTTP/1.1 200').length - 1
  try {
    greedy.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20_000))
    await until(() => ended || answers() === 20_000, {
      message: 'it is disconnected, or has all its answers',
    })
    expect(answers()).toBeLessThan(5_000)
    expect(await unlimited.get('/health')).toEqual({ status: 'ok' })
  } finally {
    greedy.destroy()
    await unlimited.close()
  }
})
