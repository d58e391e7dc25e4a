import type { Address } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bloomMayHold } from '../../src/chain/bloom.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { deployRegistry } from '../../src/devnet/registry.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { createJobs } from '../helpers/batch.ts'
import type { RpcProxy } from '../helpers/rpcProxy.ts'
import { proxyTo, serveChain } from '../helpers/serveChain.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { until } from '../helpers/until.ts'
import { startIndexing } from '../indexer/indexing.ts'

/** Distinct topics that fill a bloom by three quarters: it announces our logs by chance, and still counts. */
const BUSY = 1_000
/** Distinct topics that fill a bloom so far that it is ignored. */
const FULL = 2_000
const PATIENT = { timeout: 50_000 }

let chain: TestChain
/** the contract of others, with the events of ours */
let foreign: Address
beforeAll(async () => {
  chain = await startChain()
  foreign = (await deployRegistry(chain.client)).address
})
afterAll(() => chain?.stop())

/** Mines a block with so many logs of another contract. */
const mineForeign = (logs: number) => createJobs(chain.client, foreign, logs, { perTransaction: logs })

/** Whether the newest block's bloom announces a log of ours. */
async function isAnnounced(): Promise<boolean> {
  const { logsBloom } = await chain.client.getBlock()
  const address = chain.address.toLowerCase() as Address
  return jobRegistry.topics.some((topic) => bloomMayHold(logsBloom, [address, topic]))
}

/** Mines until so many blocks announce logs of ours that they do not have. */
async function mineAnnounced(count: number): Promise<void> {
  for (let found = 0; found < count; ) {
    await mineForeign(BUSY)
    if (await isAnnounced()) found++
  }
}

/** Counts the requests for every contract's logs of a block, and delays each. */
function watchAllLogs(proxy: RpcProxy, delayMs: number) {
  const counted = { requests: 0 }
  proxy.fault = (method, [filter]) => {
    if (method !== 'eth_getLogs' || 'address' in (filter as object)) return undefined
    counted.requests++
    return { delayMs }
  }
  return counted
}

describe('a block full of logs of other contracts, at the head', () => {
  it.each([
    ['a bloom that is too full is ignored', () => mineForeign(FULL), 0],
    [
      'if its bloom announces our logs by chance, all logs of the block are read once',
      () => mineAnnounced(1),
      1,
    ],
  ])('%s', async (_name, mine, requests) => {
    const proxy = await proxyTo(chain)
    await chain.createJob()
    const service = await serveChain({ chain, rpcUrl: proxy.url })
    await service.untilReady()
    const stream = subscribe(service)
    await stream.connected
    const counted = watchAllLogs(proxy, 0)
    await mine()
    const { jobId } = await chain.createJob()
    await stream.waitFor(({ type, data }) => type === 'job_created' && data.jobId === jobId)
    expect(counted.requests).toBe(requests)
  })
})

const isConflict = (line: string) => JSON.parse(line).conflicts !== undefined

interface Pair {
  proxies: [RpcProxy, RpcProxy]
  /** the states that were seen until the cursor reached the head */
  untilAtHead(): Promise<{ blockNumber: number | null; indexer: string | null }[]>
  /** log lines about steps that conflicted, of both */
  conflicts(): string[]
}

/** An indexer that works, and then another that stands by, on one database. */
async function startPair(prepare: (proxy: RpcProxy) => void = () => {}): Promise<Pair> {
  const databaseUrl = await createSharedDatabase()
  const start = async () => {
    const proxy = await proxyTo(chain)
    prepare(proxy)
    const { address } = chain
    return { proxy, ...(await startIndexing({ url: proxy.url, address, databaseUrl })) }
  }
  const worker = await start()
  await until(async () => (await worker.readProgress())?.blockNumber !== null)
  const standby = await start()
  await until(() => standby.indexer.state().name === 'standby')
  return {
    proxies: [worker.proxy, standby.proxy],
    async untilAtHead() {
      const { number } = await chain.head()
      const seen: { blockNumber: number | null; indexer: string | null }[] = []
      await until(
        async () => {
          const progress = await worker.readProgress()
          if (progress) seen.push(progress)
          return progress?.blockNumber === number
        },
        { message: `block ${number} is indexed`, ...PATIENT },
      )
      return seen
    },
    conflicts: () => [...worker.lines, ...standby.lines].filter(isConflict),
  }
}

describe('two indexers', () => {
  it('a backlog of blocks that take long is indexed a few at a time, each block once, by one of them', async () => {
    await mineAnnounced(12)
    const counts: { requests: number }[] = []
    // All of them together take longer than the lease.
    const pair = await startPair((proxy) => counts.push(watchAllLogs(proxy, 900)))
    const seen = await pair.untilAtHead()
    expect(new Set(seen.map(({ indexer }) => indexer)).size).toBe(1)
    expect(new Set(seen.map(({ blockNumber }) => blockNumber)).size).toBeGreaterThan(3)
    expect(counts.map(({ requests }) => requests)).toEqual([expect.any(Number), 0])
    expect(counts[0]?.requests).toBeGreaterThanOrEqual(12)
    expect(counts[0]?.requests).toBeLessThanOrEqual(14)
    expect(pair.conflicts()).toEqual([])
  })

  it('a step that takes longer than the lease keeps it', async () => {
    const pair = await startPair()
    await pair.untilAtHead()
    for (const proxy of pair.proxies) proxy.fault = () => ({ delayMs: 5_000 })
    const before = pair.proxies[1].requests
    await chain.createJobs(2, { perTransaction: 1 })
    // The head, the other header, the logs: 15 s.
    const seen = await pair.untilAtHead()
    expect(new Set(seen.map(({ indexer }) => indexer)).size).toBe(1)
    expect(pair.conflicts()).toEqual([])
    expect(pair.proxies[1].requests).toBe(before)
  })

  it('an indexer whose RPC fails leaves the lease to the other', async () => {
    const pair = await startPair()
    await pair.untilAtHead()
    await pair.proxies[0].down('refuse')
    await chain.createJob()
    const seen = await pair.untilAtHead()
    expect(new Set(seen.map(({ indexer }) => indexer)).size).toBe(2)
  })
})

it('steps that conflict again and again are logged as a warning', async () => {
  const { lines } = await startIndexing({
    url: chain.url,
    address: chain.address,
    databaseUrl: await createSharedDatabase(),
    step: async () => 'conflicted',
  })
  const conflicts = await until(() => {
    const found = lines.filter(isConflict)
    return found.length >= 4 && found.map((line) => JSON.parse(line))
  })
  expect(conflicts.slice(0, 4).map(({ level, conflicts }) => [level, conflicts])).toEqual([
    [20, 1],
    [20, 2],
    [40, 3],
    [20, 4],
  ])
})
