import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { startService } from '../helpers/service.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { startTcpProxy } from '../helpers/tcpProxy.ts'
import { until } from '../helpers/until.ts'

const PATIENT = { timeout: 90_000 }
const CONNECTIONS = 3
/** Connections of the feed: one listens, one reads. */
const OF_FEED = 2
/** Connections that the queries of one address use at once: all but one. */
const OF_ADDRESS = CONNECTIONS - 1

let chain: TestChain
let postgres: TestPostgres
beforeAll(async () => {
  ;[chain, postgres] = await Promise.all([startChain(), startPostgres()])
})
afterAll(async () => {
  await Promise.all([chain.stop(), postgres.stop()])
})

it('database connections that never answer again are replaced, and subscribers miss no event', async () => {
  const link = await startTcpProxy(postgres.port)
  onTestFinished(() => link.stop())
  const direct = await postgres.createDatabase()
  const indexer = await startService(
    { DATABASE_URL: direct, RPC_URL: chain.url, CONTRACT_ADDRESS: chain.address },
    'indexer',
  )
  onTestFinished(() => indexer.close())
  const api = await startService(
    {
      DATABASE_URL: direct.replace(`:${postgres.port}/`, `:${link.port}/`),
      DATABASE_CONNECTIONS: String(CONNECTIONS),
    },
    'api',
  )
  onTestFinished(() => api.close())
  await api.untilReady()
  const stream = subscribe(api)
  await stream.connected

  // Different pages, since requests for the same page share one query. The proxy has two ends of
  // each connection.
  await until(
    async () => {
      await Promise.all(Array.from({ length: 30 }, (_, index) => api.get(`/api/v1/jobs?limit=${index + 1}`)))
      return link.connections() >= 2 * (OF_FEED + OF_ADDRESS)
    },
    { message: 'connections for each purpose are open', ...PATIENT },
  )
  await link.down('hang')
  const { jobId } = await chain.createJob()
  // /ready may repeat its last answer for a moment.
  await until(async () => (await api.get('/ready', 503)).reason === 'the database is unreachable', PATIENT)
  await link.up()
  await stream.waitFor((event) => event.data.jobId === String(jobId), PATIENT)
  await api.untilReady()
  // One of the new connections listens.
  const next = await chain.createJob()
  await stream.waitFor((event) => event.data.jobId === String(next.jobId), PATIENT)
  expect(stream.of('job_created')).toHaveLength(2)
  expect(stream.of('connected')).toHaveLength(1)
})
