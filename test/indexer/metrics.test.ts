import { pino } from 'pino'
import type { RpcLog } from 'viem'
import { expect, it, onTestFinished } from 'vitest'
import { createRpcSource } from '../../src/chain/rpc.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { createStepper } from '../../src/indexer/converge.ts'
import { createReport } from '../../src/indexer/report.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { readCursor } from '../../src/store/cursor.ts'
import { createDatabase } from '../../src/store/database.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { proxyTo, serveChain } from '../helpers/serveChain.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { until } from '../helpers/until.ts'
import { bloomOf } from '../model/bloom.ts'

/** Starts a chain without jobs. It ends with the test. */
async function startEmptyChain(): Promise<TestChain> {
  const chain = await startChain()
  onTestFinished(() => chain.stop())
  return chain
}

const NOTHING = {
  jobs_indexed_total: 0,
  changes_indexed_total: 0,
  reorgs_total: 0,
  reorg_depth_blocks_count: 0,
  reorg_depth_blocks_sum: 0,
  'reorg_depth_blocks_bucket{le="2"}': 0,
  'reorg_depth_blocks_bucket{le="3"}': 0,
  'reorg_depth_blocks_bucket{le="16"}': 0,
  bloom_mismatches_total: 0,
  'rpc_errors_total{method="eth_getLogs"}': 0,
  'rpc_errors_total{method="eth_getBlockByNumber"}': 0,
}

it('a change, a failed RPC request and a reorg of three blocks are each counted once', async () => {
  const chain = await startEmptyChain()
  const proxy = await proxyTo(chain)
  const service = await serveChain({ chain, rpcUrl: proxy.url })
  await service.untilReady()
  const stream = subscribe(service)
  await stream.connected
  async function countedAfter(jobEvents: number) {
    await stream.waitFor(jobEvents)
    const { number } = await chain.head()
    const isCurrent = async () => (await readMetrics(service.url))('jobcast_indexed_block') === number
    // The state that the metrics report may be half a second old.
    await until(isCurrent, { message: 'the metrics have the newest block' })
    const metric = await readMetrics(service.url)
    return Object.fromEntries(Object.keys(NOTHING).map((name) => [name, metric(`jobcast_${name}`)]))
  }
  expect(await countedAfter(0)).toEqual(NOTHING)

  const { jobId } = await chain.createJob()
  const job = { ...NOTHING, jobs_indexed_total: 1 }
  expect(await countedAfter(1)).toEqual(job)

  proxy.fault = (method) => {
    if (method !== 'eth_getLogs') return undefined
    proxy.fault = undefined
    return { status: 502 }
  }
  await chain.changeJob('fund', [BigInt(jobId), 1n, 1n])
  const change = { ...job, changes_indexed_total: 1, 'rpc_errors_total{method="eth_getLogs"}': 1 }
  expect(await countedAfter(2)).toEqual(change)

  await chain.createJob()
  await chain.createJob()
  await stream.waitFor(4)
  await chain.reorg(3)
  // Two jobs are removed, and the first one is restored.
  expect(await countedAfter(7)).toEqual({
    ...change,
    jobs_indexed_total: 3,
    reorgs_total: 1,
    reorg_depth_blocks_count: 1,
    reorg_depth_blocks_sum: 3,
    'reorg_depth_blocks_bucket{le="3"}': 1,
    'reorg_depth_blocks_bucket{le="16"}': 1,
  })
})

it('a block that is indexed although its bloom announces logs that the RPC does not have is counted once', async () => {
  const chain = await startEmptyChain()
  await chain.createJob()
  await chain.mine()
  const head = await chain.head()
  const [topic] = jobRegistry.topics
  const address = chain.address.toLowerCase() as `0x${string}`
  const logsBloom = bloomOf([{ address, topics: [topic] } as Partial<RpcLog> as RpcLog])
  const proxy = await proxyTo(chain)
  proxy.fault = (method) =>
    method === 'eth_getBlockByNumber'
      ? { mutate: (block) => withBloom(block as { hash: string }, head.hash, logsBloom) }
      : undefined

  const metrics = createMetrics()
  const { step, db } = await openStepper({ address, url: proxy.url, metrics })
  const isIndexed = async () => {
    await step()
    return (await readCursor(db))?.blockNumber === head.number
  }
  await until(isIndexed, { message: 'the block is indexed' })
  await chain.createJob()
  expect(await step()).toBe('arrived')
  expect(await metrics.registry.metrics()).toContain('\njobcast_bloom_mismatches_total 1\n')
})

const withBloom = (block: { hash: string } | null, hash: string, logsBloom: string) =>
  block?.hash === hash ? { ...block, logsBloom } : block

/**
 * Opens the steps of an indexer without pauses; with them it would doubt a block for some 15 s. Database and
 * source are closed when the test ends.
 */
async function openStepper({
  address,
  url,
  metrics,
}: {
  address: `0x${string}`
  url: string
  metrics: ReturnType<typeof createMetrics>
}) {
  const driver = await openPostgres(await createSharedDatabase(), jobRegistry, { connections: 2 })
  onTestFinished(() => driver.close())
  const db = createDatabase(driver)
  const source = createRpcSource([url], { address, topics: jobRegistry.topics })
  onTestFinished(() => source.close())
  const { step } = createStepper({
    source,
    db,
    indexerId: 'test',
    address,
    contract: jobRegistry,
    confirmations: 0,
    pause: async () => {},
    now: () => performance.now(),
    report: createReport(metrics, pino({ level: 'silent' }), 0),
    onCommit() {},
  })
  return { step, db }
}
