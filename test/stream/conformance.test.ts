import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openRaw, parseAnswer, type RawConnection } from '../helpers/rawHttp.ts'
import type { Service } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'
import { openWriter, serveDatabase, type Writer } from '../helpers/writer.ts'

let writer: Writer
let service: Service
beforeAll(async () => {
  const url = await createSharedDatabase()
  writer = await openWriter(url)
  service = await serveDatabase(url)
})
afterAll(async () => {
  await service.close()
  await writer.close()
})

async function raw(): Promise<RawConnection> {
  const connection = await openRaw(service.url)
  onTestFinished(() => connection.close())
  return connection
}

/** Opens a stream on a connection of its own and waits for its first frame. */
async function stream(path = '/api/v1/events', { version = '1.1', headers = [] as string[] } = {}) {
  const connection = await raw()
  connection.send(`GET ${path} HTTP/${version}\r\n${['Host: x', ...headers].join('\r\n')}\r\n\r\n`)
  await connection.until('event: connected')
  return connection
}

function eventsOf(connection: RawConnection): EventSourceMessage[] {
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  parser.feed(Buffer.from(parseAnswer(connection.received()).body, 'latin1').toString('utf8'))
  return events
}

const streamHeaders = [
  ['Content-Type', 'text/event-stream'],
  ['Cache-Control', 'no-cache, no-transform'],
  ['Connection', 'keep-alive'],
  ['X-Accel-Buffering', 'no'],
  ['Access-Control-Allow-Origin', '*'],
]

describe('the answer', () => {
  it('has the documented headers, and only the two others that HTTP requires', async () => {
    const connection = await stream('/api/v1/events', {
      headers: ['Origin: https://example.org', 'Accept-Encoding: gzip, br', 'Accept: text/event-stream'],
    })
    const { status, headers } = parseAnswer(connection.received())
    expect(status).toBe(200)
    expect(headers).toEqual([
      ...streamHeaders,
      ['Date', expect.any(String)],
      ['Transfer-Encoding', 'chunked'],
    ])
  })

  // WHATWG HTML 9.2.5: the stream is UTF-8, may begin with a BOM, and its lines end with CRLF, LF or CR.
  // Jobcast sends no BOM and ends lines with LF.
  it('begins with a connected frame that holds retry, id, event and data', async () => {
    const connection = await stream()
    const { body } = parseAnswer(connection.received())
    const [, retry, id, data] = /^retry: (\d+)\nid: (\d+)\nevent: connected\ndata: (.*)\n\n$/.exec(body) ?? []
    expect(Number(retry)).toBeGreaterThanOrEqual(2_000)
    expect(Number(retry)).toBeLessThanOrEqual(4_000)
    expect(Number(id)).toBe(await writer.lastId())
    expect(JSON.parse(data as string)).toEqual({
      type: 'connected',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      blockNumber: expect.stringMatching(/^\d+$/),
      finalizedBlockNumber: expect.stringMatching(/^\d+$/),
      resumed: null,
    })
  })

  // WHATWG HTML 9.2.6: the stream is decoded as UTF-8. A field ends at CR or LF, so no value can contain one.
  it('carries UTF-8 as it is, and line ends of the data cannot end a frame', async () => {
    const connection = await stream()
    const job = {
      jobId: '1',
      title: 'žluťoučký 🦊 \u2028 \u0000 end',
      description: 'a\r\n\r\nid: 9\nevent: x\ndata: y',
    }
    const id = await writer.append(JSON.stringify(job, null, '\r\n'))
    await connection.until(`id: ${id}\n`)
    const event = await until(() => eventsOf(connection).find((each) => each.id === String(id)))
    expect(event.event).toBe('job_created')
    expect(JSON.parse(event.data)).toEqual(job)
    expect(eventsOf(connection).map((each) => each.event)).toEqual(['connected', 'job_created'])
  })

  // RFC 9110 12.5.3: content coding is the server's choice; "identity" is always acceptable unless excluded.
  it('is never compressed, because each stream would need its own compression window', async () => {
    const connection = await stream('/api/v1/events', {
      headers: ['Accept-Encoding: gzip, deflate, br, zstd'],
    })
    expect(parseAnswer(connection.received()).header('content-encoding')).toBeUndefined()
  })

  // RFC 9110 12.5.1: a server may disregard Accept and answer as if there were no content negotiation.
  it('is a stream whatever Accept says', async () => {
    for (const accept of ['application/json', 'text/event-stream;q=0', '*/*', 'nonsense']) {
      const connection = await stream('/api/v1/events', { headers: [`Accept: ${accept}`] })
      expect(parseAnswer(connection.received()).header('content-type')).toBe('text/event-stream')
    }
  })
})

describe('HTTP', () => {
  // RFC 9112 6.1: no Transfer-Encoding unless the request is HTTP/1.1 or later; 6.3: then the body ends with
  // the connection.
  it('1.0 gets plain frames', async () => {
    const connection = await stream('/api/v1/events', { version: '1.0' })
    const id = await writer.add({})
    await connection.until(`id: ${id}\n`)
    const answer = parseAnswer(connection.received())
    expect(answer.headers).toEqual([...streamHeaders, ['Date', expect.any(String)]])
    expect(answer.body).toMatch(
      /^retry: \d+\nid: \d+\nevent: connected\ndata: .*\n\nid: \d+\nevent: job_created\n/,
    )
    expect(eventsOf(connection)).toHaveLength(2)
  })

  // RFC 9110 9.3.2: HEAD answers the header fields of GET and no content.
  it('HEAD answers the headers and opens no stream', async () => {
    const connection = await raw()
    const before = (await service.get('/api/v1/stats')).data.streams
    connection.send('HEAD /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n')
    const text = await connection.until('{"status":"ok"}')
    const answer = parseAnswer(text, { head: true })
    expect(answer.headers).toEqual([...streamHeaders, ['Date', expect.any(String)]])
    expect(parseAnswer(answer.rest).status).toBe(200)
    expect((await service.get('/api/v1/stats')).data.streams).toBe(before)

    const wrong = await fetch(`${service.url}/api/v1/events?nope=1`, { method: 'HEAD' })
    expect(wrong.status).toBe(400)
  })

  // RFC 9112 9.6: a server that receives "close" closes after that answer.
  it('HEAD with Connection: close ends the connection', async () => {
    const connection = await raw()
    connection.send('HEAD /api/v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(await connection.untilEnded()).toBe('clean')
    expect(parseAnswer(connection.received(), { head: true }).status).toBe(200)
  })

  // Fetch: Last-Event-ID is not a CORS-safelisted request header, so a browser may send a preflight first.
  it('OPTIONS answers the preflight of Last-Event-ID and of keys', async () => {
    const answer = await fetch(`${service.url}/api/v1/events`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://example.org',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'last-event-id,x-api-key,authorization,cache-control',
      },
    })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('access-control-allow-methods')).toContain('GET')
    const allowed = answer.headers.get('access-control-allow-headers')?.toLowerCase().split(/, ?/)
    expect(allowed).toEqual(expect.arrayContaining(['last-event-id', 'x-api-key', 'authorization']))

    const plain = await fetch(`${service.url}/api/v1/events`, { method: 'OPTIONS' })
    expect(plain.status).toBe(204)
  })

  // RFC 9112 9.3.2: answers to pipelined requests come in the order of the requests.
  it('a pipelined stream begins after the earlier answers, and at once', async () => {
    const connection = await raw()
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
    connection.send(request('/api/v1/jobs?limit=1') + request('/health') + request('/api/v1/events'))
    await connection.until('event: connected')
    const first = parseAnswer(connection.received())
    const second = parseAnswer(first.rest)
    const third = parseAnswer(second.rest)
    expect(JSON.parse(first.body).success).toBe(true)
    expect(second.body).toBe('{"status":"ok"}')
    expect(third.body).toContain('event: connected')
    const id = await writer.add({})
    await connection.until(`id: ${id}\n`)
  })

  // RFC 9112 7.1: nothing but chunks may follow in a chunked body, so an error cannot be answered there.
  it('garbage after a request ends the stream and adds nothing to it', async () => {
    const connection = await stream()
    connection.send('\x00\x01 garbage\r\n\r\n')
    await connection.untilEnded()
    const answer = parseAnswer(connection.received())
    expect(answer.body).toMatch(/\n\n$/)
    expect(answer.rest).toBe('')
  })

  it('bytes that are not HTTP are answered by the error body of the API, without internals', async () => {
    for (const [text, status] of [
      ['GET /api/v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 1\x002\r\n\r\n', 400],
      ['NONSENSE\r\n\r\n', 400],
      [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    ] as const) {
      const connection = await raw()
      connection.send(text)
      await connection.untilEnded()
      const answer = parseAnswer(connection.received())
      expect(answer.status).toBe(status)
      expect(JSON.parse(answer.body)).toEqual({
        success: false,
        error: { code: 'BAD_REQUEST', message: expect.any(String) },
      })
      expect(answer.body).not.toMatch(/node_modules|\.ts|\.js|stack/)
    }
  })

  it('a path that cannot be decoded is a bad request', async () => {
    const connection = await raw()
    connection.send('GET /api/v1/%ff%zz?api_key=secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await connection.untilEnded()
    const answer = parseAnswer(connection.received())
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body).error.code).toBe('BAD_REQUEST')
    expect(answer.body).not.toContain('secret')
  })
})
