import postgres from 'postgres'
import { expect, it, onTestFinished } from 'vitest'
import { startChain } from '../helpers/anvil.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startService } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'

it('between two polls, the time since the last answer from the chain grows while the lease is renewed', async () => {
  const chain = await startChain()
  onTestFinished(() => chain.stop())
  const DATABASE_URL = await createSharedDatabase()
  const service = await startService({
    RPC_URL: chain.url,
    CONTRACT_ADDRESS: chain.address,
    DATABASE_URL,
    POLL_INTERVAL_MS: '30000',
  })
  onTestFinished(() => service.close())
  await service.untilReady()
  const sql = postgres(DATABASE_URL, { max: 1 })
  onTestFinished(() => sql.end())
  const age = async () => (await readMetrics(service.url))('jobcast_chain_contact_age_seconds')
  // Twice the interval of the renewals, so that there was at least one.
  await until(async () => (await age()) > 4, { message: 'the last answer is 4 s old' })
  const [row] = await sql`select renewed_at > checked_at as renewed from cursor`
  expect(row).toEqual({ renewed: true })
})
