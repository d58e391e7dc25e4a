import getPort from 'get-port'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  JobcastError,
  listen,
  type StreamEvent,
  type SubscribeOptions,
  subscribe,
} from '../../client/src/client.ts'
import { until } from '../helpers/until.ts'
import { type Collected, collect } from './collect.ts'
import { type Server, startServer } from './server.ts'

let server: Server
const open: Collected<StreamEvent>[] = []
beforeAll(async () => {
  server = await startServer()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop()))
})
afterAll(() => server.close())

function watch(options: SubscribeOptions = {}): Collected<StreamEvent> {
  const collected = collect((signal) => subscribe(server.url, { ...options, signal }))
  open.push(collected)
  return collected
}

test('the stream begins with connected, then yields each job as it is committed, with ids that only grow', async () => {
  const stream = watch()
  const connected = await stream.waitFor('connected')
  expect(connected.data).toMatchObject({ type: 'connected', resumed: null })
  const first = await server.chain.createJob({ budget: 100_500_000n })
  const second = await server.chain.createJob()
  expect(await stream.waitForJobs(2)).toEqual([`+${first.jobId}`, `+${second.jobId}`])
  expect(stream.events[1]?.data).toMatchObject({
    budget: '100.500000',
    creationTxHash: first.transactionHash,
    blockNumber: String(first.blockNumber),
  })
  const ids = stream.events.map((event) => BigInt(event.id))
  expect(ids).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1)))
  expect(new Set(ids).size).toBe(3)
})

test('filter and types select the job events', async () => {
  const rubric = watch({ filter: { strategyType: ['RUBRIC'], clientId: [7n, '8'], minBudget: '50' } })
  const removals = watch({ types: ['job_removed'] })
  await Promise.all([rubric.waitFor('connected'), removals.waitFor('connected')])
  await server.chain.createJob({ strategyType: 0, clientId: 7n, budget: 60_000_000n })
  await server.chain.createJob({ strategyType: 1, clientId: 9n, budget: 60_000_000n })
  await server.chain.createJob({ strategyType: 1, clientId: 7n, budget: 40_000_000n })
  const wanted = await server.chain.createJob({ strategyType: 1, clientId: 8n, budget: 50_000_000n })
  expect(await rubric.waitForJobs(1)).toEqual([`+${wanted.jobId}`])
  await server.chain.reorg(1)
  expect(await rubric.waitForJobs(2)).toEqual([`+${wanted.jobId}`, `-${wanted.jobId}`])
  expect(await removals.waitForJobs(1)).toEqual([`-${wanted.jobId}`])
})

test('after a restart of the server in mid-stream no event is lost or repeated', async () => {
  const gone: unknown[] = []
  const stream = watch({ onRetry: (info) => gone.push(info) })
  await stream.waitFor('connected')
  const jobs = [(await server.chain.createJob()).jobId]
  await stream.waitForJobs(1)
  await server.stop()
  await until(() => gone.length > 0, { message: 'the loss is reported' })
  for (let i = 0; i < 3; i++) jobs.push((await server.chain.createJob()).jobId)
  await server.start()
  const back = await stream.waitFor('connected', 2)
  expect(back.data).toMatchObject({ resumed: true })
  jobs.push((await server.chain.createJob()).jobId)
  expect(await stream.waitForJobs(5)).toEqual(jobs.map((id) => `+${id}`))
})

test('lastEventId continues where another subscription ended', async () => {
  const first = watch()
  await first.waitFor('connected')
  await server.chain.createJob()
  const later = await server.chain.createJob()
  await first.waitForJobs(2)
  const second = watch({ lastEventId: first.events[1]?.id })
  expect(await second.waitForJobs(1)).toEqual([`+${later.jobId}`])
  expect(second.events[0]?.data).toMatchObject({ resumed: true })
})

test('a connection that falls silent is replaced', async () => {
  await server.stop()
  await server.start({ KEEPALIVE_SECONDS: '60' })
  const reasons: string[] = []
  const stream = watch({ idleTimeout: 500, onRetry: ({ error }) => reasons.push(String(error)) })
  expect((await stream.waitFor('connected', 2)).data).toMatchObject({ resumed: true })
  expect(reasons).toEqual([expect.stringContaining('no byte')])
})

test('a refusal throws with the message of the server', async () => {
  const bad = subscribe(server.url, { filter: { minBudget: 'much' } })
  const refused = await bad.next().catch((error) => error)
  expect(refused).toBeInstanceOf(JobcastError)
  expect(refused).toMatchObject({
    status: 400,
    code: 'BAD_REQUEST',
    message: expect.stringContaining('minBudget'),
  })

  await expect(subscribe(`${server.url}/elsewhere`).next()).rejects.toMatchObject({ status: 404 })
})

test('a server with API_KEYS requires one of them', async () => {
  await server.stop()
  await server.start({ API_KEYS: 'correct-horse' })
  await expect(subscribe(server.url).next()).rejects.toMatchObject({ status: 401, code: 'UNAUTHORIZED' })
  await expect(subscribe(server.url, { apiKey: 'wrong-horse' }).next()).rejects.toMatchObject({ status: 401 })
  const stream = watch({ apiKey: 'correct-horse' })
  await stream.waitFor('connected')
})

test('a full server is reported and tried again later; a stream that closes makes room', async () => {
  await server.stop()
  await server.start({ MAX_STREAMS: '1' })
  const holder = watch()
  await holder.waitFor('connected')
  const waits: number[] = []
  const second = watch({ onRetry: ({ delay }) => waits.push(delay) })
  expect((await second.waitFor('unavailable')).data).toMatchObject({ reason: 'full' })
  await until(() => waits.length > 0, { message: 'the end of the answer' })
  // The `retry:` that the server sends for this case, not the client's default.
  expect(waits[0]).toBeGreaterThanOrEqual(15_000)
  await holder.stop()
  await until(
    async () => {
      for await (const event of subscribe(server.url)) return event.type === 'connected'
      return false
    },
    { message: 'room again' },
  )
})

test('after a 429 the client waits as long as the server asks', async () => {
  await server.stop()
  await server.start({ MAX_STREAMS_PER_IP: '1' })
  const holder = watch()
  await holder.waitFor('connected')
  const losses: { error: unknown; delay: number }[] = []
  watch({ onRetry: (info) => losses.push(info) })
  await until(() => losses.length > 0, { message: 'a refusal' })
  const { error, delay } = losses[0] as { error: JobcastError; delay: number }
  expect(error).toMatchObject({ status: 429, code: 'RATE_LIMITED' })
  expect(error.retryAfter).toBeGreaterThan(0)
  expect(delay).toBeGreaterThanOrEqual(error.retryAfter as number)
})

test('an abort ends the iteration without an error, while connected and while waiting', async () => {
  const stream = watch()
  await stream.waitFor('connected')
  await stream.stop()

  const losses: unknown[] = []
  const nobody = `http://127.0.0.1:${await getPort()}`
  const down = collect((signal) => subscribe(nobody, { signal, onRetry: (info) => losses.push(info) }))
  await until(() => losses.length > 0, { message: 'no server there' })
  await down.stop()
  expect(down.events).toEqual([])
  await collect(() => subscribe(server.url, { signal: AbortSignal.abort() })).stop()
})

test('listen() calls onEvent until it is stopped, and onError once if the server refuses', async () => {
  const events: StreamEvent[] = []
  const errors: unknown[] = []
  const stop = listen(server.url, {
    onEvent: (event) => events.push(event),
    onError: (error) => errors.push(error),
  })
  await until(() => events.length > 0, { message: 'connected' })
  const { jobId } = await server.chain.createJob()
  await until(() => events.length > 1, { message: 'a job' })
  const next = watch()
  await next.waitFor('connected')
  stop()
  await server.chain.createJob()
  await next.waitForJobs(1)
  expect(events.map(({ type, data }) => [type, 'jobId' in data && data.jobId])).toEqual([
    ['connected', false],
    ['job_created', jobId],
  ])
  listen(server.url, {
    filter: { verificationLevel: [99] },
    onEvent: () => {},
    onError: (error) => errors.push(error),
  })
  await until(() => errors.length > 0, { message: 'the refusal' })
  expect(errors).toMatchObject([{ status: 400 }])
})
