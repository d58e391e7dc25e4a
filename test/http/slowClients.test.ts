import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { readMetrics } from '../helpers/metrics.ts'
import { startProcess } from '../helpers/process.ts'
import { openRaw, type RawConnection } from '../helpers/rawHttp.ts'
import { type Service, startService, unreachable } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

let service: Service
const connections: RawConnection[] = []
beforeAll(async () => {
  service = await startService(unreachable)
})
afterAll(async () => {
  for (const each of connections) each.close()
  await service?.close()
})

async function open(text = ''): Promise<RawConnection> {
  const connection = await openRaw(service.url)
  connections.push(connection)
  if (text) connection.send(text)
  return connection
}

/** Sends the text again every 300 ms until the connection ends, as slowloris does. */
function drip(connection: RawConnection, text: string): void {
  const timer = setInterval(() => {
    if (connection.ending() !== 'open') return clearInterval(timer)
    connection.send(text)
  }, 300)
}

it('connections that send nothing, or their request byte by byte, are ended while others are served', async () => {
  const silent = await open()
  const headers = await open('GET /health HTTP/1.1\r\nHost: a\r\n')
  drip(headers, 'X-A: b\r\n')
  const body = await open('POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n')
  drip(body, 'x')
  const idle = await Promise.all(Array.from({ length: 20 }, () => open('GET ')))
  expect(await service.get('/health')).toEqual({ status: 'ok' })
  await Promise.all([silent, headers, body, ...idle].map((each) => each.untilEnded()))
  expect(headers.received()).toMatch(/^HTTP\/1.1 408 /)
  expect(await service.get('/health')).toEqual({ status: 'ok' })
})

it('clients that pipeline large answers and read none cost little memory, and others are served', async () => {
  const jobcast = await startProcess({ env: { ...unreachable, RATE_LIMIT: '0' } })
  onTestFinished(async () => void (await jobcast.stop()))
  await jobcast.untilAnswers('/openapi.json')
  const megabytes = async () => (await readMetrics(jobcast.url))('process_resident_memory_bytes') / 2 ** 20
  const before = await megabytes()
  const request = 'GET /openapi.json HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n'
  const greedy = await Promise.all(Array.from({ length: 250 }, () => openRaw(jobcast.url)))
  connections.push(...greedy)
  for (const { socket } of greedy) socket.pause()
  for (const each of greedy) each.send(request.repeat(16))
  const answered = 'jobcast_http_request_duration_seconds_count{route="/openapi.json",status="200"}'
  await until(async () => (await readMetrics(jobcast.url))(answered) > greedy.length, {
    message: 'more answers than clients have been sent',
  })
  await jobcast.untilAnswers('/health')
  // An answer holds some 500 kB while it is compressed in the background: all of these, more than 1 GB.
  expect((await megabytes()) - before).toBeLessThan(250)
})
