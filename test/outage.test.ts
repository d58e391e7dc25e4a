import { expect, it, onTestFinished } from 'vitest'
import { startChain, type TestChain } from './helpers/anvil.ts'
import { readMetrics } from './helpers/metrics.ts'
import { startPostgres } from './helpers/postgres.ts'
import { type Service, startService } from './helpers/service.ts'
import { subscribe } from './helpers/subscribe.ts'
import { until } from './helpers/until.ts'

async function expectOutage(service: Service): Promise<void> {
  expect(await service.get('/health')).toEqual({ status: 'ok' })
  const reason = await until(
    async () => {
      const response = await fetch(`${service.url}/ready`)
      return response.status === 503 && (await response.json()).reason
    },
    { message: '/ready answers 503' },
  )
  expect(reason).toBe('the database is unreachable')
  for (const path of ['/api/v1/jobs', '/api/v1/jobs/1', '/api/v1/stats', '/api/v1/config']) {
    const response = await fetch(service.url + path)
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await response.json()).toEqual({
      success: false,
      error: { code: 'UNAVAILABLE', message: expect.stringContaining('database') },
    })
  }
  expect((await readMetrics(service.url))('jobcast_database_up')).toBe(0)
}

/** Checks the metrics after one job. */
async function expectMetrics(service: Service, chain: TestChain): Promise<void> {
  const head = (await chain.head()).number
  // The state that the metrics report may be half a second old.
  await until(async () => (await readMetrics(service.url))('jobcast_indexed_block') === head)
  const metric = await readMetrics(service.url)
  expect(metric('jobcast_database_up')).toBe(1)
  expect(metric('jobcast_indexer_working')).toBe(1)
  expect(metric('jobcast_head_block')).toBe(head)
  expect(metric('jobcast_lag_blocks')).toBe(0)
  expect(metric('jobcast_jobs_indexed_total')).toBe(1)
  expect(metric('jobcast_streams')).toBe(1)
  expect(metric('jobcast_events_delivered_total')).toBe(1)
  expect(metric('jobcast_feed_last_id')).toBe(Number((await service.get('/api/v1/jobs')).lastEventId))
  expect(metric('jobcast_rpc_request_duration_seconds_count{method="eth_getLogs"}')).toBeGreaterThan(0)
  expect(metric('jobcast_indexer_step_duration_seconds_count')).toBeGreaterThan(0)
  expect(metric('jobcast_database_errors_total')).toBeGreaterThan(0)
  expect(metric('jobcast_http_request_duration_seconds_count{route="/api/v1/stats",status="503"}')).toBe(1)
  expect(metric('process_cpu_seconds_total')).toBeGreaterThan(0)
}

it('Jobcast waits for a database that is down at the start or goes down later, and loses no job', async () => {
  const [chain, server] = await Promise.all([startChain(), startPostgres({ durable: true })])
  onTestFinished(async () => void (await Promise.all([chain.stop(), server.stop()])))
  const DATABASE_URL = await server.createDatabase()
  await server.halt()
  const service = await startService({ RPC_URL: chain.url, CONTRACT_ADDRESS: chain.address, DATABASE_URL })
  onTestFinished(() => service.close())
  await expectOutage(service)
  await server.start()
  await service.untilReady()
  const stream = subscribe(service)
  await stream.connected
  await chain.createJob()
  await stream.waitFor(1)
  await expectMetrics(service, chain)

  await server.halt()
  await expectOutage(service)
  await chain.createJobs(3)
  await server.start()
  await stream.waitFor(4, { timeout: 40_000 })
  await service.untilReady()
  expect(stream.responses).toHaveLength(1)
  expect((await service.history()).map((job) => job.jobId)).toEqual(
    stream.of('job_created').map(({ data }) => data.jobId),
  )
})
