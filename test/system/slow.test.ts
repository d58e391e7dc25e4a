import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { readMetrics } from '../helpers/metrics.ts'
import { startProcess } from '../helpers/process.ts'
import { openRaw, parseAnswer, type RawConnection } from '../helpers/rawHttp.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { until } from '../helpers/until.ts'
import { openWriter } from '../helpers/writer.ts'

const STALLED = 80
const EVENTS = 14_000

it('80 clients that do not read cost little memory, are disconnected, and can resume, while other clients get every event', async () => {
  const url = await createSharedDatabase()
  const writer = await openWriter(url)
  onTestFinished(() => writer.close())
  const server = await startProcess({
    args: ['start', '--only', 'api'],
    env: { DATABASE_URL: url, STALL_SECONDS: '8', MAX_STREAMS_PER_IP: '1000', RATE_LIMIT: '0' },
  })
  onTestFinished(async () => void (await server.stop()))
  await server.untilAnswers()

  const readers = [1, 2, 3].map(() => subscribe(server))
  for (const reader of readers) await reader.connected
  // Fills the server's tail of events, so that any growth after this is what the stalled streams cost.
  for (let i = 0; i < 13; i++) await writer.add(...Array.from({ length: 1_000 }, () => ({ clientId: '1' })))
  await until(async () => readers.every((reader) => reader.of('job_created').length === 13_000), {
    message: 'the tail is full',
    timeout: 60_000,
  })
  const before = await memory(server.url)

  const stalled: RawConnection[] = []
  for (let i = 0; i < STALLED; i++) {
    const connection = await openRaw(server.url)
    onTestFinished(() => connection.close())
    connection.send('GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n')
    await connection.until('event: connected')
    connection.socket.pause()
    stalled.push(connection)
  }
  const from = await writer.lastId()
  for (let i = 0; i < EVENTS / 1_000; i++) await writer.add(...Array.from({ length: 1_000 }, () => ({})))
  const last = await writer.lastId()
  const peak = { resident: 0, used: 0 }
  await until(
    async () => {
      const now = await memory(server.url)
      peak.resident = Math.max(peak.resident, now.resident - before.resident)
      peak.used = Math.max(peak.used, now.used - before.used)
      return readers.every((reader) => reader.events.at(-1)?.id === String(last))
    },
    { message: 'the readers have every event', timeout: 60_000 },
  )
  for (const reader of readers)
    expect(reader.of('job_created').map(({ id }) => Number(id))).toEqual(
      Array.from({ length: 13_000 + EVENTS }, (_, i) => from - 13_000 + 1 + i),
    )
  // Each stalled client has 6 MB unread. The bounds leave room for garbage that is not collected yet.
  expect(peak.used).toBeLessThan(150 * 1024 * 1024)
  expect(peak.resident).toBeLessThan(400 * 1024 * 1024)

  await until(async () => (await readMetrics(server.url))('jobcast_streams') === readers.length, {
    message: 'the stalled streams are ended',
  })
  expect(await disconnected(server.url)).toBe(STALLED)
  expect(readers.every((reader) => reader.of('connected').length === 1)).toBe(true)

  const slow = stalled[0] as RawConnection
  slow.socket.resume()
  await slow.untilEnded()
  const ids = [...parseAnswer(slow.received()).body.matchAll(/^id: (\d+)\n/gm)].map(([, id]) => Number(id))
  const got = ids.at(-1) as number
  expect(got).toBeLessThan(last)
  expect(ids.slice(1)).toEqual(Array.from({ length: ids.length - 1 }, (_, i) => (ids[1] as number) + i))
  const again = subscribe(server, { lastEventId: got })
  await again.waitFor(last - got)
  expect((await again.connected).data.resumed).toBe(true)
  expect(again.of('job_created')[0]?.id).toBe(String(got + 1))
}, 120_000)

interface Slow {
  socket: Socket
  /** Reads at most this many bytes. */
  read(bytes: number): void
  text(): string
}

/** Opens a connection that reads only on request. */
async function openSlow(host: string, port: number): Promise<Slow> {
  const socket = connect({ host, port })
  socket.on('error', () => {})
  await once(socket, 'connect')
  // A listener makes the socket read ahead, so that `read` finds bytes.
  socket.on('readable', () => {})
  let text = ''
  return {
    socket,
    read(bytes) {
      const chunk = socket.read(Math.min(bytes, socket.readableLength || 1))
      if (chunk) text += chunk.toString('latin1')
    },
    text: () => text,
  }
}

/** Streams that were disconnected because the client did not read. */
async function disconnected(url: string): Promise<number> {
  return (await readMetrics(url))('jobcast_streams_disconnected_total{reason="stalled"}')
}

/** The server's resident memory and memory in use, in bytes. */
async function memory(url: string) {
  const read = await readMetrics(url)
  return {
    resident: read('process_resident_memory_bytes'),
    used: read('nodejs_heap_size_used_bytes') + read('nodejs_external_memory_bytes'),
  }
}

it('in a replay of megabytes a client that reads 40 kB/s stays connected, one that reads nothing is disconnected', async () => {
  const url = await createSharedDatabase()
  const writer = await openWriter(url)
  onTestFinished(() => writer.close())
  const from = await writer.lastId()
  for (let i = 0; i < EVENTS / 1_000; i++) await writer.add(...Array.from({ length: 1_000 }, () => ({})))
  // Clients of both IP versions: the server reads the kernel's tables of connections, one for each.
  const server = await startProcess({
    args: ['start', '--only', 'api'],
    env: { DATABASE_URL: url, STALL_SECONDS: '16', RATE_LIMIT: '0', HOST: '::' },
  })
  onTestFinished(async () => void (await server.stop()))
  await server.untilAnswers()
  const { port } = new URL(server.url)

  const connections = await Promise.all(
    ['127.0.0.1', '127.0.0.1', '::1', '::1'].map((host) => openSlow(host, Number(port))),
  )
  const [slow4, , slow6] = connections as [Slow, Slow, Slow, Slow]
  for (const connection of connections) {
    onTestFinished(() => void connection.socket.destroy())
    connection.socket.write(`GET /api/v1/events?lastEventId=${from} HTTP/1.1\r\nHost: x\r\n\r\n`)
  }
  for (const { read, socket } of [slow4, slow6]) {
    const timer = setInterval(() => read(4_000), 100)
    socket.once('close', () => clearInterval(timer))
    onTestFinished(() => clearInterval(timer))
  }
  await until(async () => (await disconnected(server.url)) === 2, {
    message: 'the clients that read nothing are disconnected',
    timeout: 30_000,
  })
  // At 40 kB/s, 1.28 MB take 32 s: twice the stall limit, and more than the 25 s after which the kernel
  // reports the socket as writable.
  await until(() => slow4.text().length > 1_280_000 && slow6.text().length > 1_280_000, {
    message: 'the slow clients read on',
    timeout: 60_000,
  })
  expect(await disconnected(server.url)).toBe(2)
  expect([slow4.socket.destroyed, slow6.socket.destroyed]).toEqual([false, false])
  for (const { read, text } of [slow4, slow6]) {
    await until(
      () => {
        read(1_000_000)
        return text().includes(`id: ${from + EVENTS}\n`)
      },
      { message: 'the replay is complete', timeout: 60_000 },
    )
    const frames = parseAnswer(text()).body.matchAll(/^id: (\d+)\nevent: job_created\n/gm)
    const ids = [...frames].map(([, id]) => Number(id))
    expect(ids).toEqual(Array.from({ length: EVENTS }, (_, i) => from + 1 + i))
  }
}, 120_000)
