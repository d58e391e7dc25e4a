import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { fold, jobsOnChain } from '../helpers/fold.ts'
import { startLoad } from '../helpers/load.ts'
import { type Pgbouncer, startPgbouncer } from '../helpers/pgbouncer.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { startProcess } from '../helpers/process.ts'
import { reader } from '../helpers/service.ts'
import { subscribe } from '../helpers/subscribe.ts'

const PATIENT = { timeout: 90_000 }

let chain: TestChain
let postgres: TestPostgres
let pooler: Pgbouncer
beforeAll(async () => {
  ;[chain, postgres] = await Promise.all([startChain(), startPostgres()])
  pooler = await startPgbouncer(postgres.port)
})
afterAll(async () => {
  await pooler?.stop()
  await Promise.all([chain?.stop(), postgres?.stop()])
})

async function start(databaseUrl: string, only?: string) {
  const process = await startProcess({
    args: only ? ['start', '--only', only] : ['start'],
    env: {
      RPC_URL: chain.url,
      CONTRACT_ADDRESS: chain.address,
      DATABASE_URL: databaseUrl,
      POLL_INTERVAL_MS: '100',
      RATE_LIMIT: '0',
    },
  })
  onTestFinished(async () => void (await process.kill('SIGKILL')))
  return process
}

it('behind a pooler in transaction mode, events are found by polling, and one warning is logged', async () => {
  const direct = await postgres.createDatabase()
  const pooled = pooler.through(direct)
  const indexer = await start(pooled, 'indexer')
  await indexer.untilAnswers('/ready', PATIENT)
  const [pooledApi, directApi] = [await start(pooled, 'api'), await start(direct, 'api')]
  const streams = []
  for (const api of [pooledApi, directApi]) {
    await api.untilAnswers('/ready', PATIENT)
    const stream = subscribe(api)
    await stream.connected
    streams.push(stream)
  }
  const load = startLoad(chain)
  onTestFinished(() => load.stop())
  // Many at a time, so that each connection of the process is served by all of the pooler's.
  for (let i = 0; i < 20; i++)
    await Promise.all(
      Array.from({ length: 20 }, () => reader(pooledApi.url).get(`/api/v1/jobs?limit=${i + 1}`)),
    )
  await pooledApi.waitForLog(/the database is behind a connection pooler/, PATIENT)
  await load.stop()
  await chain.createJob()
  const { number } = await chain.head()
  const expected = await jobsOnChain(chain)
  for (const stream of streams) {
    await stream.waitFor(
      (event) => event.type === 'job_created' && Number(event.data.blockNumber) === number,
      PATIENT,
    )
    expect(fold(stream.jobEvents())).toEqual(expected)
  }
  expect(await reader(pooledApi.url).history()).toEqual(expected)
  const warnings = (process: typeof pooledApi) => process.logs.filter(({ msg }) => msg?.includes('pooler'))
  expect([warnings(pooledApi).length, warnings(directApi).length]).toEqual([1, 0])
})

it('more clients than the pooler has connections migrate an empty database at the same time, and leave no lock', async () => {
  const direct = await postgres.createDatabase()
  const url = pooler.through(direct)
  const opened = await Promise.all(Array.from({ length: 6 }, () => openPostgres(url, jobRegistry)))
  await Promise.all(opened.map((db) => db.close()))
  // A lock that was left would block this one.
  await (await openPostgres(direct, jobRegistry)).close()
})
