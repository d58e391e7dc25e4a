import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Job } from '../src/contract/job.ts'
import { startChain, type TestChain } from './helpers/anvil.ts'
import { createDataDir } from './helpers/dataDir.ts'
import { readMetrics } from './helpers/metrics.ts'
import { type Service, startService } from './helpers/service.ts'
import { createSharedDatabase } from './helpers/sharedPostgres.ts'
import { subscribe } from './helpers/subscribe.ts'
import { until } from './helpers/until.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(async () => {
  await chain.stop()
})

const databases = {
  async PGlite(atEnd: (undo: () => Promise<void>) => void) {
    const folder = await createDataDir()
    atEnd(() => folder.remove())
    return { DATA_DIR: folder.path }
  },
  async Postgres(_atEnd: (undo: () => Promise<void>) => void) {
    return { DATABASE_URL: await createSharedDatabase() }
  },
}

describe.each(Object.entries(databases))('on %s', (_name, createDatabase) => {
  async function settings(): Promise<Record<string, string>> {
    return {
      RPC_URL: chain.wsUrl,
      CONTRACT_ADDRESS: chain.address,
      ...(await createDatabase(onTestFinished)),
    }
  }

  async function serve(env: Record<string, string>): Promise<Service> {
    const service = await startService(env)
    onTestFinished(() => service.close())
    await service.untilReady()
    return service
  }

  // Shared by tests that do not need an empty history: an embedded database takes seconds to open.
  let service: Service
  let release: (() => Promise<void>) | undefined
  beforeAll(async () => {
    const own = await createDatabase((undo) => {
      release = undo
    })
    service = await startService({
      RPC_URL: chain.wsUrl,
      CONTRACT_ADDRESS: chain.address,
      KEEPALIVE_SECONDS: '1',
      ...own,
    })
    await service.untilReady()
  })
  afterAll(async () => {
    await service.close()
    await release?.()
  })
  // The chain is shared too: what the test before created must not reach the streams of the next one.
  beforeEach(async () => {
    const { number } = await chain.head()
    await until(async () => (await readMetrics(service.url))('jobcast_indexed_block') === number, {
      message: 'the shared service has indexed the head',
    })
  })

  it('a job reaches every subscriber once, with the same JSON as in the history', async () => {
    const before = (await service.history()).length
    await chain.createJobs(3)
    await until(async () => (await service.history()).length === before + 3, {
      message: 'three jobs are indexed',
    })
    const past = await service.history()

    const streams = [subscribe(service), subscribe(service)] as const
    for (const stream of streams) await stream.connected
    const created = await chain.createJob({
      clientId: 2n ** 256n - 1n,
      budget: 100_000_000n,
      deadline: 1_900_000_000n,
      strategyType: 3,
      verificationLevel: 2,
    })
    const [event] = await streams[0].waitFor(1)
    await streams[1].waitFor(1)

    const block = await chain.rpc<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false])
    const expected: Job = {
      jobId: String(created.jobId),
      status: 'OPEN',
      clientId: String(2n ** 256n - 1n),
      strategyType: 'CEX_CAPITAL',
      verificationLevel: 2,
      budget: '100.000000',
      onchainDeadline: '1900000000',
      onchainCreatedAt: String(BigInt(block.timestamp)),
      creationTxHash: created.transactionHash,
      blockNumber: String(created.blockNumber),
      title: null,
      description: null,
      providerId: null,
      evaluatorId: null,
    }
    expect(event).toMatchObject({ type: 'job_created', data: expected })
    expect(Object.keys(event?.data as object)).toEqual(Object.keys(expected))
    for (const stream of streams) expect(stream.of('job_created', 'job_removed')).toHaveLength(1)

    const page = await service.get('/api/v1/jobs?limit=1')
    expect(page).toEqual({
      success: true,
      data: [expected],
      pagination: { page: 1, limit: 1, total: past.length + 1, next: expect.any(String) },
      lastEventId: event?.id,
    })
    expect(JSON.stringify(page.data[0])).toBe(JSON.stringify(event?.data))
    expect(await service.get(`/api/v1/jobs/${created.jobId}`)).toEqual({
      success: true,
      data: {
        ...expected,
        lifecycle: [
          {
            event: 'JobCreated',
            status: 'OPEN',
            timestamp: expected.onchainCreatedAt,
            txHash: created.transactionHash,
            blockNumber: expected.blockNumber,
          },
        ],
      },
    })
    expect(await service.get('/api/v1/jobs/999999999', 404)).toMatchObject({
      success: false,
      error: { code: 'NOT_FOUND' },
    })
  })

  it('the first sync sends no events, and a new subscription gets no earlier ones', async () => {
    await chain.createJobs(5)
    const service = await startService(await settings())
    onTestFinished(() => service.close())
    // Opened before anything is indexed: it must not receive the history.
    const early = subscribe(service)
    await service.untilReady()
    const { lastEventId, pagination } = await service.get('/api/v1/jobs')
    expect(pagination.total).toBeGreaterThanOrEqual(5)
    await chain.createJob()
    await early.waitFor(1)
    const late = subscribe(service)
    const { data, id } = await late.connected
    expect(data).toMatchObject({ type: 'connected', resumed: null })
    await chain.createJob()
    await Promise.all([early.waitFor(2), late.waitFor(1)])
    expect(early.of('job_created').map((event) => Number(event.id) - Number(lastEventId))).toEqual([1, 2])
    expect(late.of('job_created').map((event) => Number(event.id) - Number(id))).toEqual([1])
  })

  it('a client that resumes receives the jobs that were created while the service was down', async () => {
    const env = await settings()
    const first = await serve(env)
    const before = subscribe(first)
    const { id } = await before.connected
    before.close()
    await first.close()

    const { fromBlock, toBlock } = await chain.createJobs(40)
    const second = await serve(env)
    const resumed = subscribe(second, { lastEventId: id })
    const events = await resumed.waitFor(40)
    expect((await resumed.connected).data.resumed).toBe(true)
    const firstId = Number(events[0]?.id)
    expect(firstId).toBeGreaterThan(Number(id))
    expect(events.map((event) => Number(event.id))).toEqual(Array.from({ length: 40 }, (_, i) => firstId + i))
    expect(Number(events[0]?.data.blockNumber)).toBeGreaterThanOrEqual(fromBlock)
    expect(Number(events.at(-1)?.data.blockNumber)).toBeLessThanOrEqual(toBlock)
    const history = await second.history()
    expect(history.slice(-40)).toEqual(events.map((event) => event.data))
  })

  it('a reorg removes its jobs, newest first, and then the jobs of the new branch are sent', async () => {
    const stream = subscribe(service)
    await stream.connected
    const lost = [await chain.createJob(), await chain.createJob(), await chain.createJob()]
    await stream.waitFor(3)
    await chain.reorg(3)
    await chain.createJob({ clientId: 77n })
    const events = await stream.waitFor(7)
    expect(events.map((event) => [event.type, event.data.jobId])).toEqual([
      ...lost.map((job) => ['job_created', String(job.jobId)]),
      ...lost.reverse().map((job) => ['job_removed', String(job.jobId)]),
      ['job_created', expect.any(String)],
    ])
    const created = events.slice(0, 3).map((event) => event.data)
    expect(events.slice(3, 6).map((event) => event.data)).toEqual(created.reverse())
    expect((await service.history()).at(-1)).toEqual(events[6]?.data)
  })

  it('a stream sends only events that match its filter, and its pings advance the id past the events that do not match', async () => {
    const stream = subscribe(service, { query: '?strategyType=RUBRIC&minBudget=500&types=job_*' })
    const { id } = await stream.connected
    await chain.createJob({ strategyType: 1, budget: 499_999_999n })
    await chain.createJob({ strategyType: 0, budget: 500_000_000n })
    await chain.createJob({ strategyType: 1, budget: 500_000_000n })
    await chain.createJob({ strategyType: 2, budget: 900_000_000n })
    const ping = await stream.waitFor((event) => event.type === 'ping' && Number(event.id) === Number(id) + 4)
    expect(ping.data).toEqual({
      timestamp: expect.any(String),
      blockNumber: String((await chain.head()).number),
      finalizedBlockNumber: expect.stringMatching(/^[0-9]+$/),
    })
    expect(stream.of('job_created').map((event) => event.data.budget)).toEqual(['500.000000'])
  })

  it('a stream that the client closes is no longer counted', async () => {
    const streams = Array.from({ length: 20 }, () => subscribe(service))
    await Promise.all(streams.map((stream) => stream.connected))
    const count = async () => (await readMetrics(service.url))('jobcast_streams')
    await until(async () => (await count()) === 20, { message: 'only these streams are open' })
    for (const stream of streams) stream.close()
    await until(async () => (await count()) === 0, { message: 'no stream is open' })
  })
})
