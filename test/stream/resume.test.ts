import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { EventStream } from '../helpers/eventStream.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { openRaw, parseAnswer } from '../helpers/rawHttp.ts'
import type { Service } from '../helpers/service.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { until } from '../helpers/until.ts'
import { openWriter, serveDatabase, type Writer } from '../helpers/writer.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

async function serve(url: string, env: Record<string, string> = {}): Promise<Service> {
  const service = await serveDatabase(url, env)
  onTestFinished(() => service.close())
  return service
}

async function write(url: string): Promise<Writer> {
  const writer = await openWriter(url)
  onTestFinished(() => writer.close())
  return writer
}

const resumed = async (stream: EventStream) => (await stream.connected).data.resumed
const ids = (stream: EventStream) => stream.jobEvents().map(({ id }) => Number(id))

/** The integers from `first` to `last`. */
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

describe('a client that reconnects', () => {
  let writer: Writer
  let service: Service
  /** the id with which the feed begins */
  let origin: number
  let start: number
  let last: number
  beforeAll(async () => {
    const url = await postgres.createDatabase()
    writer = await openWriter(url)
    service = await serveDatabase(url)
    origin = await writer.lastId()
  })
  afterAll(async () => {
    await service?.close()
    await writer?.close()
  })
  // Nine jobs, of which the last three are removed: twelve events.
  beforeEach(async () => {
    start = await writer.lastId()
    for (let i = 0; i < 3; i++) await writer.add({}, {}, {})
    last = await writer.remove(1)
    await until(async () => (await subscribe(service).connected).id === String(last))
  })

  it('gets every event after its id once and in order, then live; by header, query and alias', async () => {
    const from = start + 4
    const streams = [
      subscribe(service, { lastEventId: from }),
      subscribe(service, { query: `?lastEventId=${from}` }),
      subscribe(service, { query: `?last_event_id=${from}` }),
    ]
    for (const stream of streams) {
      expect(await resumed(stream)).toBe(true)
      expect((await stream.connected).id).toBe(String(from))
    }
    const newest = await writer.add({}, {})
    for (const stream of streams) {
      await stream.waitFor(newest - from)
      expect(ids(stream)).toEqual(range(from + 1, newest))
      expect(stream.of('job_removed').map(({ id }) => Number(id))).toEqual(range(last - 2, last))
    }
  })

  it('with the newest id misses no event, and a new client gets no earlier ones', async () => {
    const same = subscribe(service, { lastEventId: last })
    const fresh = subscribe(service)
    expect(await resumed(same)).toBe(true)
    expect(await resumed(fresh)).toBe(null)
    const newest = await writer.add({})
    for (const stream of [same, fresh]) {
      await stream.waitFor(1)
      expect(ids(stream)).toEqual([newest])
    }
  })

  it('the header wins over the query', async () => {
    const stream = subscribe(service, { query: `?lastEventId=${start}`, lastEventId: last - 1 })
    expect(await resumed(stream)).toBe(true)
    await stream.waitFor(1)
    expect(ids(stream)).toEqual([last])
    const wrong = subscribe(service, { query: `?lastEventId=${start}`, lastEventId: 'not-an-id' })
    expect(await resumed(wrong)).toBe(false)
    for (const query of ['?lastEventId=abc', '?last_event_id=', '?lastEventId=1&last_event_id=2']) {
      expect(await resumed(subscribe(service, { query, lastEventId: last - 1 })), query).toBe(true)
      expect(await resumed(subscribe(service, { query, lastEventId: 'not-an-id' })), query).toBe(false)
    }
  })

  it('an empty header is no id', async () => {
    const connection = await openRaw(service.url)
    onTestFinished(() => connection.close())
    connection.send('GET /api/v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID:\r\n\r\n')
    expect(await connection.until('event: connected')).toContain('"resumed":null')
  })

  it('continues a filtered stream after the events that the filter leaves out', async () => {
    await writer.add({ clientId: '9' }, {}, { clientId: '9' })
    const stream = subscribe(service, { query: '?clientId=9', lastEventId: start })
    await stream.waitFor(2)
    expect(ids(stream)).toEqual([last + 1, last + 3])
    const removals = subscribe(service, { query: '?types=job_removed', lastEventId: start })
    await removals.waitFor(3)
    expect(ids(removals)).toEqual(range(last - 2, last))
  })

  it('gets a ping with the present position once it has what it missed, whatever the filter leaves out', async () => {
    const newest = await writer.add({ clientId: '9' }, {})
    for (const [query, missed] of [
      ['?clientId=9', [newest - 1]],
      ['?clientId=404', []],
    ] as const) {
      const stream = subscribe(service, { query, lastEventId: start })
      // Long before the first 30 s of silence are over.
      const ping = await stream.waitFor(({ type }) => type === 'ping', { timeout: 15_000 })
      expect(ping.id).toBe(String(newest))
      expect(ids(stream)).toEqual(missed)
    }
  })

  it('with an id that is not of this feed, or a malformed header, has a gap', async () => {
    const huge = '9'.repeat(4_000)
    for (const id of [
      'abc',
      '-1',
      '1.5',
      '1e3',
      '0x10',
      '\t.',
      '007 8',
      huge,
      '9007199254740993',
      '18446744073709551616',
    ]) {
      expect(await resumed(subscribe(service, { lastEventId: id })), id.slice(0, 20)).toBe(false)
    }
    for (const id of ['0', '1', String(origin - 1), String(last + 1_000_000), String(2 ** 53 - 1)]) {
      expect(await resumed(subscribe(service, { lastEventId: id })), id).toBe(false)
      expect(await resumed(subscribe(service, { query: `?lastEventId=${id}` })), id).toBe(false)
    }
    const newest = await writer.add({})
    await until(async () => (await readMetrics(service.url))('jobcast_feed_last_id') === newest)
    const stream = subscribe(service, { lastEventId: '1' })
    expect((await stream.connected).id).toBe(String(newest))
  })

  it('a header of bytes beyond ASCII, or given twice, is a gap too', async () => {
    for (const lines of [
      Buffer.from('Last-Event-ID: \xc3\xa9\xff\r\n', 'latin1'),
      Buffer.from('Last-Event-ID: naïve\r\n'),
      Buffer.from(`Last-Event-ID: ${last}\r\nLast-Event-ID: ${last}\r\n`),
    ]) {
      const connection = await openRaw(service.url)
      onTestFinished(() => connection.close())
      connection.send(
        Buffer.concat([
          Buffer.from('GET /api/v1/events HTTP/1.1\r\nHost: x\r\n'),
          lines,
          Buffer.from('\r\n'),
        ]),
      )
      const answer = parseAnswer(await connection.until('event: connected'))
      expect(answer.status).toBe(200)
      expect(answer.body).toContain('"resumed":false')
    }
  })

  it('a process that lags reads the store before it calls an id unknown', async () => {
    // Without NOTIFY, this process would learn of the entries from its next poll, up to a second later.
    await writer.run(sql`update cursor set last_id = last_id + 2, revision = revision + 1`)
    await writer.run(sql`insert into feed (id, type, data) values
      (${last + 1}::bigint, 'job_created', '{"jobId":"a"}'), (${last + 2}::bigint, 'job_created', '{"jobId":"b"}')`)
    const stream = subscribe(service, { lastEventId: last + 1 })
    expect(await resumed(stream)).toBe(true)
    await stream.waitFor(1)
    expect(ids(stream)).toEqual([last + 2])
  })
})

describe('retention', () => {
  it('prunes in the background; a pruned id is a gap, also for a process that never held it in memory', async () => {
    const url = await postgres.createDatabase()
    const writer = await write(url)
    const service = await serve(url, { FEED_RETENTION: '1s' })
    const start = await writer.lastId()
    const old = await writer.add({}, {})
    expect(await resumed(subscribe(service, { lastEventId: start }))).toBe(true)
    await until(
      async () => Number((await writer.run(sql`select pruned_id from cursor`))[0]?.pruned_id) === old,
    )
    await until(async () => (await resumed(subscribe(service, { lastEventId: start }))) === false)
    // No event came after this id, so nothing is missing.
    expect(await resumed(subscribe(service, { lastEventId: old }))).toBe(true)
    const newest = await writer.add({})
    const stream = subscribe(service, { lastEventId: old })
    await stream.waitFor(1)
    expect(ids(stream)).toEqual([newest])
    // Another process, which has never read the pruned events, answers the same.
    const other = await serve(url)
    expect(await resumed(subscribe(other, { lastEventId: old - 1 }))).toBe(false)
    expect(await resumed(subscribe(other, { lastEventId: newest }))).toBe(true)
  })

  it('0 switches resuming off: every id is a gap, and the stream is live', async () => {
    const url = await postgres.createDatabase()
    const writer = await write(url)
    const service = await serve(url, { FEED_RETENTION: '0' })
    const last = await writer.add({}, {})
    await until(async () => (await readMetrics(service.url))('jobcast_feed_last_id') === last)
    const stream = subscribe(service, { lastEventId: last - 1 })
    expect(await resumed(stream)).toBe(false)
    const newest = await writer.add({})
    await stream.waitFor(1)
    expect(ids(stream)).toEqual([newest])
  })
})

describe('the store', () => {
  it('sends events that memory no longer holds, to each client from its position, once and in order, while more are committed', async () => {
    const url = await postgres.createDatabase()
    const writer = await write(url)
    const start = await writer.lastId()
    for (let i = 0; i < 10; i++) await writer.add(...Array.from({ length: 1_000 }, () => ({})))
    // Memory holds the newest 8,192 of 10,000 events. Half of the clients start before these.
    const service = await serve(url)
    const positions = Array.from({ length: 16 }, (_, i) => start + (i % 2 ? 9_000 : 0) + 7 * i)
    const streams = positions.map((from) => subscribe(service, { lastEventId: from }))
    const narrow = subscribe(service, { query: '?clientId=1', lastEventId: start })
    for (let i = 0; i < 60; i++) await writer.add({}, {})
    const newest = await writer.add({ clientId: '1' })
    for (const [i, stream] of streams.entries()) {
      await stream.waitFor((event) => event.id === String(newest))
      expect(ids(stream)).toEqual(range((positions[i] as number) + 1, newest))
    }
    await narrow.waitFor(1)
    expect(ids(narrow)).toEqual([newest])
  })

  it('that was rebuilt assigns higher ids; streams end, and clients that reconnect get resumed:false', async () => {
    const url = await postgres.createDatabase()
    const writer = await write(url)
    const service = await serve(url)
    const stream = subscribe(service)
    await stream.connected
    const old = await writer.add({})
    await stream.waitFor(1)

    await writer.run(sql`drop schema public cascade`)
    await writer.run(sql`create schema public`)
    const rebuilt = await write(url)
    expect(await rebuilt.lastId()).toBeGreaterThan(old)
    const again = await stream.waitFor((event) => event.type === 'connected' && event.data.resumed === false)
    expect(Number(again.id)).toBeGreaterThan(old)
    const newest = await rebuilt.add({ jobId: '77' })
    expect((await stream.waitFor((event) => event.id === String(newest))).data.jobId).toBe('77')
  })

  it('does not end a stream while it is unreachable, and the events committed meanwhile follow', async () => {
    const url = await postgres.createDatabase()
    const writer = await write(url)
    const service = await serve(url, { KEEPALIVE_SECONDS: '1' })
    const stream = subscribe(service)
    await stream.connected
    const first = await writer.add({})
    await stream.waitFor(1)
    await postgres.restart()
    const last = await until(() => writer.add({}, {}), { message: 'the writer is back' })
    await stream.waitFor(3)
    expect(ids(stream)).toEqual(range(first, last))
    expect(stream.of('connected')).toHaveLength(1)
  })
})
