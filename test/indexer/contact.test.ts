import { expect, it, onTestFinished } from 'vitest'
import { startChain } from '../helpers/anvil.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startService } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'

it('between two polls, the time since the last answer of the chain grows while the lease is renewed', async () => {
  const chain = await startChain()
  onTestFinished(() => chain.stop())
  const service = await startService({
    RPC_URL: chain.url,
    CONTRACT_ADDRESS: chain.address,
    DATABASE_URL: await createSharedDatabase(),
    POLL_INTERVAL_MS: '30000',
  })
  onTestFinished(() => service.close())
  await service.untilReady()
  await until(async () => (await readMetrics(service.url))('jobcast_chain_contact_age_seconds') > 4)
  expect((await readMetrics(service.url))('jobcast_indexer_working')).toBe(1)
})
