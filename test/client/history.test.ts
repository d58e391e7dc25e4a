import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HistoryOptions, history } from '../../client/src/client.ts'
import { until } from '../helpers/until.ts'
import { type Server, startServer } from './server.ts'

let server: Server
const COUNT = 250
beforeAll(async () => {
  server = await startServer()
  await server.chain.createJobs(COUNT, { perTransaction: 50, clientId: 7n, budget: 1_000_000n })
  await until(async () => (await ids()).length === COUNT, { message: 'all jobs are indexed' })
})
afterAll(() => server.close())

async function ids(options: HistoryOptions = {}): Promise<number[]> {
  const found: number[] = []
  for await (const job of history(server.url, options)) found.push(Number(job.jobId))
  return found
}

test('every job of every page is yielded, newest first or in the order of the chain', async () => {
  const all = Array.from({ length: COUNT }, (_, i) => i + 1)
  expect(await ids({ order: 'asc' })).toEqual(all)
  expect(await ids()).toEqual(all.toReversed())
  expect(await ids({ order: 'asc', pageSize: 7 })).toEqual(all)
})

test('filters and inclusive block bounds select the jobs', async () => {
  const filter = { strategyType: ['RUBRIC' as const], maxBudget: '1.000010' }
  expect(await ids({ order: 'asc', filter })).toEqual([2, 6, 10])
  const first = server.chain.deployBlock + 1
  expect(await ids({ order: 'asc', fromBlock: first + 1, toBlock: BigInt(first + 1) })).toEqual(
    Array.from({ length: 50 }, (_, i) => i + 51),
  )
})

test('a refusal throws with the message of the server', async () => {
  await expect(ids({ filter: { clientId: ['seven'] } })).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining('clientId'),
  })
})

test('an abort throws: a history that just ended would look complete', async () => {
  const control = new AbortController()
  const found: string[] = []
  const reading = (async () => {
    for await (const job of history(server.url, { pageSize: 10, signal: control.signal })) {
      found.push(job.jobId)
      control.abort()
    }
  })()
  await expect(reading).rejects.toThrow('aborted')
  expect(found.length).toBeLessThan(COUNT)
})

test('a request is repeated if the server is down for a moment', async () => {
  await server.stop()
  const retries: unknown[] = []
  const reading = ids({ onRetry: (retry) => retries.push(retry) })
  await until(() => retries.length > 0, { message: 'a retry is reported' })
  await server.start()
  expect(await reading).toHaveLength(COUNT)
})
