import postgres from 'postgres'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { Role } from '../../src/config.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { type Service, startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

let server: TestPostgres
let chain: TestChain
beforeAll(async () => {
  // Its blocks are 12 s apart by their timestamps, and years old.
  ;[server, chain] = await Promise.all([startPostgres(), startChain({ args: ['--timestamp', '1700000000'] })])
  await chain.rpc('anvil_mine', ['0x28', '0xc'])
})
afterAll(async () => {
  await Promise.all([server?.stop(), chain?.stop()])
})

async function serve(env: Record<string, string>, role?: Role): Promise<Service> {
  const service = await startService(
    { RPC_URL: chain.url, CONTRACT_ADDRESS: chain.address, MAX_LAG_SECONDS: '60', ...env },
    role,
  )
  onTestFinished(() => service.close())
  return service
}

it('six confirmations of 12 s blocks, and a head that is years old, do not count as lag in the indexing process or in an api process', async () => {
  const DATABASE_URL = await server.createDatabase()
  const all = await serve({ DATABASE_URL, CONFIRMATIONS: '6' })
  const api = await serve({ DATABASE_URL, CONFIRMATIONS: '6' }, 'api')
  await all.untilReady()
  await chain.rpc('anvil_mine', ['0x8', '0xc'])
  const { number } = await chain.head()
  for (const service of [all, api]) {
    await until(async () => (await service.get('/api/v1/stats')).data.blockNumber === String(number - 6))
    expect(await service.get('/ready')).toEqual({ status: 'ready' })
    expect((await service.get('/api/v1/stats')).data).toMatchObject({ lagBlocks: 0, lagSeconds: 0 })
    const metric = await readMetrics(service.url)
    expect(metric('jobcast_head_block') - metric('jobcast_indexed_block')).toBe(6)
    expect([metric('jobcast_lag_blocks'), metric('jobcast_lag_seconds')]).toEqual([0, 0])
  }
})

it('/ready is 503 within seconds after the database became read-only, until it takes writes again', async () => {
  const service = await serve({ DATABASE_URL: await server.createDatabase() })
  await service.untilReady()
  const admin = postgres(server.url, { max: 1 })
  onTestFinished(() => admin.end())
  const setReadOnly = async (on: boolean) => {
    await admin.unsafe(`alter system set default_transaction_read_only = ${on ? 'on' : 'off'}`)
    await admin.unsafe('select pg_reload_conf()')
  }
  // Its connections stay open, as those to a primary that became a replica may.
  await setReadOnly(true)
  await until(
    async () => {
      const response = await fetch(`${service.url}/ready`)
      return response.status === 503 && (await response.json()).reason === 'the database takes no writes'
    },
    { message: '/ready answers 503', timeout: 5_000 },
  )
  expect((await fetch(`${service.url}/api/v1/jobs`)).status).toBe(200)
  await setReadOnly(false)
  await service.untilReady()
})

it('/ready is 503 with a reason if the tables are gone', async () => {
  const DATABASE_URL = await server.createDatabase()
  const service = await serve({ DATABASE_URL, LOG_LEVEL: 'silent' }, 'api')
  const sql = postgres(DATABASE_URL, { max: 1 })
  onTestFinished(() => sql.end())
  await sql`drop table cursor cascade`
  const reason = 'the state of the index cannot be read; the log has the reason'
  await until(async () => (await fetch(`${service.url}/ready`)).json().then((body) => body.reason === reason))
  expect(await service.get('/ready', 503)).toEqual({ status: 'not ready', reason })
})
