import postgresJs from 'postgres'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { Role } from '../../src/config.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { jobsOnChain } from '../helpers/fold.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { proxyTo } from '../helpers/serveChain.ts'
import { type Service, startService } from '../helpers/service.ts'
import { createReader, createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { until } from '../helpers/until.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(() => chain.stop())

async function serve(env: Record<string, string>, role: Role): Promise<Service> {
  const service = await startService(env, role)
  onTestFinished(() => service.close())
  return service
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const sql = postgresJs(url, { max: 1 })
  return sql.unsafe(text).finally(() => sql.end())
}

it('api processes need no RPC and send the same ids in the same order, so a client can resume at another one', async () => {
  const DATABASE_URL = await createSharedDatabase()
  const apis = [await serve({ DATABASE_URL }, 'api'), await serve({ DATABASE_URL }, 'api')] as const
  expect((await apis[0].get('/api/v1/config')).data).toMatchObject({ chainId: null, contractAddress: null })
  expect(await apis[0].get('/ready', 503)).toMatchObject({ reason: 'no indexer has reached the chain yet' })

  const indexer = await serve(
    { DATABASE_URL, RPC_URL: chain.url, CONTRACT_ADDRESS: chain.address },
    'indexer',
  )
  for (const service of [...apis, indexer]) await service.untilReady()
  // Each api process memoizes its state for half a second.
  const knows = async (api: Service) => (await api.get('/api/v1/config')).data.chainId !== null
  for (const api of apis) await until(() => knows(api), { message: 'the api knows the chain' })
  const config = await apis[0].get('/api/v1/config')
  expect(config).toEqual(await apis[1].get('/api/v1/config'))
  expect(config.data).toMatchObject({ chainId: 31337, contractAddress: chain.address.toLowerCase() })

  const [one, two, moving] = [subscribe(apis[0]), subscribe(apis[1]), subscribe(apis[0])]
  for (const stream of [one, two, moving]) await stream.connected
  await chain.createJobs(30)
  const before = await moving.waitFor(30)
  moving.close()
  await chain.createJobs(10)
  await chain.reorg(1)
  await chain.createJobs(10)
  const newest = (await jobsOnChain(chain)).at(-1)
  for (const stream of [one, two])
    await stream.waitFor(
      ({ type, data }) =>
        type === 'job_created' &&
        data.creationTxHash === newest?.creationTxHash &&
        data.jobId === newest?.jobId,
    )
  const all = one.jobEvents()
  expect(two.jobEvents()).toEqual(all)
  const resumed = subscribe(apis[1], { lastEventId: before.at(-1)?.id as string })
  const rest = await resumed.waitFor(all.length - 30)
  expect([...before, ...rest]).toEqual(all)
})

it('a standby sends one RPC request while another process holds the lease, and continues where that one stopped', async () => {
  const proxy = await proxyTo(chain)
  const DATABASE_URL = await createSharedDatabase()
  const settings = { DATABASE_URL, CONTRACT_ADDRESS: chain.address }
  // The holder polls the head less often than the lease expires, so the renewals do not come from its steps.
  const holder = await startService({ ...settings, RPC_URL: chain.url, POLL_INTERVAL_MS: '30000' }, 'indexer')
  onTestFinished(() => holder.close())
  await holder.untilReady()
  const standby = await serve({ ...settings, RPC_URL: proxy.url }, 'indexer')
  const readLease = async () => {
    const [row] = await query(DATABASE_URL, 'select indexer, xmin::text as version from cursor')
    return row as { indexer: string; version: string }
  }
  const { indexer } = await readLease()
  const versions = new Set<string>()
  // The lease lasts 8 s and is renewed every 2 s: five renewals take longer than one lease.
  await until(
    async () => {
      const lease = await readLease()
      expect(lease.indexer).toBe(indexer)
      return versions.add(lease.version).size > 5
    },
    { message: 'the lease is renewed five times', timeout: 60_000 },
  )
  expect(proxy.requests).toBe(1)

  await holder.close()
  await chain.createJob()
  const { number } = await chain.head()
  await until(
    async () => {
      const metric = await readMetrics(standby.url)
      return metric('jobcast_indexer_working') === 1 && metric('jobcast_indexed_block') === number
    },
    { message: 'the standby has indexed the newest block' },
  )
})

it('processes that start at the same time on an empty database migrate it once', async () => {
  const url = await createSharedDatabase()
  const opened = await Promise.all(
    Array.from({ length: 6 }, () => openPostgres(url, jobRegistry, { connections: 1 })),
  )
  await Promise.all(opened.map((db) => db.close()))
  const [row] = await query(
    url,
    'select count(*)::int as rows, count(distinct hash)::int as hashes from jobcast_migrations',
  )
  expect(row?.rows).toBe(row?.hashes)
  expect(await query(url, 'select last_id from cursor')).toHaveLength(1)
})

it('an api process needs only SELECT privileges', async () => {
  const url = await createSharedDatabase()
  await (await openPostgres(url, jobRegistry)).close()
  const api = await serve({ DATABASE_URL: await createReader(url) }, 'api')
  expect((await api.get('/api/v1/jobs')).data).toEqual([])
  expect((await api.get('/api/v1/stats')).success).toBe(true)
  expect((await subscribe(api).connected).data.resumed).toBeNull()
})

it('after an outage of Postgres a process listens again, and sends the events that it missed', async () => {
  const postgres = await startPostgres()
  onTestFinished(() => postgres.stop())
  const DATABASE_URL = await postgres.createDatabase()
  const service = await serve({ DATABASE_URL, RPC_URL: chain.url, CONTRACT_ADDRESS: chain.address }, 'all')
  await service.untilReady()
  const stream = subscribe(service)
  await stream.connected
  const listeners = () =>
    query(
      DATABASE_URL,
      "select pid from pg_stat_activity where query ilike 'listen%' and datname = current_database()",
    )
  await until(async () => (await listeners()).length === 1, { message: 'a connection listens' })
  await postgres.halt()
  const { jobId } = await chain.createJob()
  await postgres.start()
  await stream.waitFor((event) => event.data.jobId === String(jobId), { timeout: 40_000 })
  await until(async () => (await listeners()).length === 1, {
    message: 'one connection listens again',
    timeout: 40_000,
  })
})
