import { describe, expect, it } from 'vitest'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { type EventStream, openStream } from '../helpers/eventStream.ts'
import { fold, jobsOnChain } from '../helpers/fold.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { processAndChildren } from '../helpers/process.ts'
import { type Service, startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

interface Running {
  chain: TestChain
  postgres: TestPostgres
  service: Service
  stream: EventStream
}

async function withService(run: (running: Running) => Promise<void>): Promise<void> {
  const [chain, postgres] = await Promise.all([startChain(), startPostgres()])
  const service = await startService({
    RPC_URL: chain.url,
    CONTRACT_ADDRESS: chain.address,
    DATABASE_URL: await postgres.createDatabase(),
    KEEPALIVE_SECONDS: '1',
    MAX_LAG_SECONDS: '3600',
  })
  await service.untilReady()
  const stream = openStream(`${service.url}/api/v1/events`)
  try {
    await stream.connected
    await run({ chain, postgres, service, stream })
  } finally {
    stream.close()
    await service.close()
    await Promise.all([chain.stop(), postgres.stop()])
  }
}

/** Time after which Prometheus gives up a scrape, by default. */
const SCRAPE_MS = 10_000

/** Expects that streams send pings, REST answers 503, monitoring learns of it, and the process stays up. */
async function expectUnreachable({ service, stream }: Running): Promise<void> {
  await until(async () => (await readMetrics(service.url, SCRAPE_MS))('jobcast_database_up') === 0, {
    message: 'the metrics report it',
  })
  const answer = await until(
    async () => {
      const response = await fetch(`${service.url}/api/v1/jobs`)
      return response.status === 503 && response
    },
    { message: 'REST answers 503', timeout: 40_000 },
  )
  expect(answer.headers.get('retry-after')).not.toBeNull()
  expect((await answer.json()).error.code).toBe('UNAVAILABLE')
  await until(
    async () => (await (await fetch(`${service.url}/ready`)).json()).reason === 'the database is unreachable',
    { message: '/ready says that the database is unreachable' },
  )
  for (const path of ['/api/v1/config', '/api/v1/stats']) {
    const refused = await fetch(service.url + path, { signal: AbortSignal.timeout(5_000) })
    expect(refused.status).toBe(503)
    expect((await refused.json()).error.message).toBe('the database is unreachable; try again')
  }
  expect((await fetch(`${service.url}/health`)).status).toBe(200)
  const pings = stream.of('ping').length
  await until(() => stream.of('ping').length > pings + 1, { message: 'the stream pings' })
}

/** Expects that every job was indexed and sent once, in order, on the connection that stayed open. */
async function expectWhole({ chain, service, stream }: Running): Promise<void> {
  const wanted = await jobsOnChain(chain)
  await until(() => JSON.stringify(fold(stream.jobEvents())) === JSON.stringify(wanted), {
    message: 'the stream has sent every job',
    timeout: 40_000,
  })
  await service.untilReady()
  expect(await service.history()).toEqual(wanted)
  expect(stream.responses).toHaveLength(1)
}

describe.concurrent('after an outage of the database under load every job is sent once, in order, on the same stream', () => {
  it.each([
    ['is stopped', 'halt'],
    ['crashes', 'kill'],
  ] as const)('Postgres %s and starts again', (_name, how) =>
    withService(async (running) => {
      const { chain, postgres } = running
      for (let round = 0; round < 2; round++) {
        const load = (async () => {
          for (let i = 0; i < 20; i++) await chain.createJob()
        })()
        await until(() => running.stream.of('job_created').length > round * 30, {
          message: 'the load has begun',
        })
        await postgres[how]()
        await load
        await chain.reorg(2)
        await chain.createJobs(10, { perTransaction: 5 })
        if (round === 0) await expectUnreachable(running)
        await postgres.start()
        await expectWhole(running)
      }
    }),
  )

  it.skipIf(process.platform !== 'linux')(
    'Postgres is paused, so that it neither answers nor refuses, and continues',
    () =>
      withService(async (running) => {
        const { chain, postgres } = running
        await chain.createJobs(3, { perTransaction: 1 })
        await running.stream.waitFor(3)
        const frozen = processAndChildren(postgres.pid())
        for (const pid of frozen) process.kill(pid, 'SIGSTOP')
        try {
          await chain.createJobs(3, { perTransaction: 1 })
          await expectUnreachable(running)
        } finally {
          for (const pid of frozen) process.kill(pid, 'SIGCONT')
        }
        await chain.createJob()
        await expectWhole(running)
      }),
  )
})
