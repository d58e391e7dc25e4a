import { expect, it, onTestFinished } from 'vitest'
import { readMetrics } from '../helpers/metrics.ts'
import { openRaw } from '../helpers/rawHttp.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'
import { openWriter, serveDatabase } from '../helpers/writer.ts'
import { fuzz } from './fuzz.ts'

it('of 1,500 random requests each complete one is answered, every answer is well-formed, and no stream stays open', async () => {
  const url = await createSharedDatabase()
  const writer = await openWriter(url)
  onTestFinished(() => writer.close())
  await writer.add({}, {}, { clientId: '1' })
  const service = await serveDatabase(url, { MAX_STREAMS_PER_IP: '30' })
  onTestFinished(() => service.close())

  const seed = Date.now() % 1_000_000
  const statuses = await fuzz(service.url, 1_500, seed).catch((error) => {
    throw new Error(`seed ${seed}: ${error.message}`)
  })
  for (const status of [200, 400, 404, 431])
    expect(statuses.get(status) ?? 0, `status ${status}`).toBeGreaterThan(0)

  await until(async () => (await readMetrics(service.url))('jobcast_streams') === 0, {
    message: 'no stream is open',
  })
  // The address may open as many streams again as MAX_STREAMS_PER_IP allows.
  for (let i = 0; i < 30; i++) {
    const connection = await openRaw(service.url)
    onTestFinished(() => connection.close())
    connection.send('GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n')
    await connection.until('event: connected')
  }
  expect((await service.get('/health')).status).toBe('ok')
})
