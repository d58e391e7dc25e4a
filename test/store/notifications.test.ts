import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type EventStream, openStream } from '../helpers/eventStream.ts'
import type { Service } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { openWriter, serveDatabase, type Writer } from '../helpers/writer.ts'

let writer: Writer
let service: Service
let stream: EventStream
beforeAll(async () => {
  const url = await createSharedDatabase()
  writer = await openWriter(url)
  service = await serveDatabase(url)
  stream = openStream(`${service.url}/api/v1/events`)
  await stream.connected
})
afterAll(async () => {
  stream?.close()
  await service?.close()
  await writer?.close()
})

it.each(['hello', '1 2', '9007199254740991 2 3'])(
  'a notification %j from another program does not stop the feed',
  async (payload) => {
    const before = stream.of('job_created').length
    await writer.run(sql`select pg_notify('jobcast_public', ${payload}::text)`)
    const last = await writer.add({}, {})
    await stream.waitFor(before + 2)
    expect(stream.events.at(-1)?.id).toBe(String(last))
    expect(stream.of('connected')).toHaveLength(1)
  },
)
