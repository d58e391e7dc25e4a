import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { follow, history, mirror, type RequestOptions } from '../../client/src/client.ts'
import type { Service } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { openWriter, serveDatabase, type Writer } from '../helpers/writer.ts'

const apiKey = 'correct-horse'

let writer: Writer
let server: Service
beforeAll(async () => {
  const databaseUrl = await createSharedDatabase()
  writer = await openWriter(databaseUrl)
  await writer.add({ status: 'OPEN' }, { status: 'FUNDED' })
  server = await serveDatabase(databaseUrl, { API_KEYS: apiKey })
})
afterAll(async () => {
  await server?.close()
  await writer?.close()
})

/** Ways to read the ids of the jobs that a server has. */
const READERS: Record<string, (options: RequestOptions) => Promise<string[]>> = {
  async history(options) {
    const ids: string[] = []
    for await (const { jobId } of history(server.url, options)) ids.push(jobId)
    return ids
  },
  async follow(options) {
    const ids: string[] = []
    for await (const event of follow(server.url, options)) {
      if (event.type === 'synced') break
      if (event.type === 'job_created') ids.push(event.data.jobId)
    }
    return ids
  },
  async mirror(options) {
    const { jobs, whenSynced } = mirror(server.url, options)
    await whenSynced()
    return [...jobs.values()].map(({ jobId }) => jobId)
  },
}

function untilTestEnds(): AbortSignal {
  const control = new AbortController()
  onTestFinished(() => control.abort())
  return control.signal
}

test.each(Object.entries(READERS))('%s sends its key with every request', async (_name, read) => {
  // With a filter, the contract's definition is requested too.
  const filter = { status: ['FUNDED'] }
  expect(await read({ apiKey, filter, signal: untilTestEnds() })).toEqual(['2'])
})

test.each(Object.entries(READERS))(
  "%s throws the server's refusal if the key is missing or wrong",
  async (_name, read) => {
    const signal = untilTestEnds()
    const refusal = { status: 401, code: 'UNAUTHORIZED' }
    await expect(read({ signal })).rejects.toMatchObject(refusal)
    await expect(read({ apiKey: 'wrong-horse', signal })).rejects.toMatchObject(refusal)
  },
)
