import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { proxyTo } from '../helpers/serveChain.ts'
import { startService } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'
import { startIndexing, type TestIndexer } from './indexing.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
  await chain.createJob()
})
afterAll(() => chain.stop())

/** An indexer that works, and a second one on its database. */
async function startSecond(second: { url: string; address?: `0x${string}` }): Promise<TestIndexer> {
  const databaseUrl = await createSharedDatabase()
  const { address } = chain
  const first = await startIndexing({ url: chain.url, address, databaseUrl })
  await until(() => first.indexer.state().name === 'working')
  return startIndexing({ url: second.url, address: second.address ?? address, databaseUrl })
}

/** Waits until it halts while the other one works. Resolves with the reason. */
async function haltOf({ indexer }: TestIndexer): Promise<string> {
  await until(() => indexer.state().name === 'halted', { message: 'it halts' })
  return (indexer.state() as { reason: string }).reason
}

it('a second indexer for another contract halts with the reason when it starts', async () => {
  const second = await startSecond({ url: chain.url, address: `0x${'12'.repeat(20)}` })
  expect(await haltOf(second)).toMatch(
    /The database holds the jobs of contract 0x.*CONTRACT_ADDRESS is 0x1212/,
  )
})

it('/ready of a second process for another contract has the reason while the first one works', async () => {
  const DATABASE_URL = await createSharedDatabase()
  const start = async (CONTRACT_ADDRESS: string) => {
    const service = await startService({ RPC_URL: chain.url, CONTRACT_ADDRESS, DATABASE_URL })
    onTestFinished(() => service.close())
    return service
  }
  const first = await start(chain.address)
  await first.untilReady()
  const second = await start(`0x${'12'.repeat(20)}`)
  await until(
    async () => {
      const response = await fetch(`${second.url}/ready`)
      return response.status === 503 && /CONTRACT_ADDRESS is 0x1212/.test((await response.json()).reason)
    },
    { message: '/ready has the reason' },
  )
  expect((await fetch(`${first.url}/ready`)).status).toBe(200)
})

it('a second indexer on another chain halts with the reason when it starts', async () => {
  const other = await startChain({ args: ['--chain-id', '1234'] })
  onTestFinished(() => other.stop())
  const second = await startSecond({ url: other.url })
  const reason = await haltOf(second)
  expect(reason).toMatch(/^RPC_URL is on chain 1234, expected 31337\..*jobcast reset/)
  // The reason is public, so only the log names the host.
  expect(reason).not.toContain('127.0.0.1')
  expect(second.lines.find((line) => line.includes('is on chain 1234'))).toContain(
    `"endpoint":"${other.url}"`,
  )
})

it('a second indexer that could take over stands by, and sends no requests to the chain after its first ones', async () => {
  const proxy = await proxyTo(chain)
  const { indexer } = await startSecond(proxy)
  await until(() => indexer.state().name === 'standby')
  const asked = proxy.requests
  expect(asked).toBeGreaterThan(0)
  // Two of its attempts to acquire the lease, which are 2 s apart.
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  expect(proxy.requests).toBe(asked)
})
