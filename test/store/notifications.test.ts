import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { openStream } from '../helpers/eventStream.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { openWriter, serveDatabase } from '../helpers/writer.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

it.each(['hello', '1 2', '9007199254740991 2 3'])(
  'a notification %j from another program does not stop the feed',
  async (payload) => {
    const url = await postgres.createDatabase()
    const writer = await openWriter(url)
    onTestFinished(() => writer.close())
    const server = await serveDatabase(url)
    onTestFinished(() => server.close())
    const stream = openStream(`${server.url}/api/v1/events`)
    onTestFinished(() => stream.close())
    await stream.connected

    await writer.add({})
    await stream.waitFor(1)
    await writer.run(sql`select pg_notify('jobcast_public', ${payload}::text)`)
    const last = await writer.add({}, {})
    await stream.waitFor(3)
    expect(stream.events.at(-1)?.id).toBe(String(last))
  },
)
