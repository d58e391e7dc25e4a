import type { Hex, RpcLog } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateJobs, randomJob } from '../../src/devnet/registry.ts'
import { decode, type Job, jobCreatedTopic, strategyTypes, toJob } from '../../src/job.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { startRpcProxy } from '../helpers/rpcProxy.ts'
import { until } from '../helpers/until.ts'

const MAX = 2n ** 256n - 1n

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(() => chain.stop())

/** The jobs in these blocks, read as the indexer reads them: raw logs, decoded by job.ts. */
async function jobsIn(fromBlock: number, toBlock: number | 'latest'): Promise<Job[]> {
  const hex = (block: number): Hex => `0x${block.toString(16)}`
  const logs = await chain.rpc<RpcLog[]>('eth_getLogs', [
    {
      address: chain.address,
      topics: [jobCreatedTopic],
      fromBlock: hex(fromBlock),
      toBlock: toBlock === 'latest' ? toBlock : hex(toBlock),
    },
  ])
  return logs.map((log) => toJob(decode(log, '0')))
}

describe('createJob', () => {
  test("a created job's log decodes to what was asked for", async () => {
    const created = await chain.createJob({
      clientId: 7n,
      budget: 100_500_000n,
      deadline: 1_790_000_000n,
      strategyType: 3,
      verificationLevel: 4,
    })
    const jobs = await jobsIn(created.blockNumber, created.blockNumber)
    expect(jobs).toEqual([
      expect.objectContaining({
        jobId: created.jobId,
        clientId: '7',
        budget: '100.500000',
        onchainDeadline: '1790000000',
        strategyType: 'CEX_CAPITAL',
        verificationLevel: 4,
        creationTxHash: created.transactionHash,
        blockNumber: String(created.blockNumber),
      }),
    ])
  })

  test('carries 2^256-1 and enum values that no indexer knows', async () => {
    const created = await chain.createJob({
      clientId: MAX,
      budget: MAX,
      deadline: MAX,
      strategyType: 9,
      verificationLevel: 255,
    })
    const [job] = await jobsIn(created.blockNumber, created.blockNumber)
    expect(job).toMatchObject({
      clientId: `${MAX}`,
      budget: '115792089237316195423570985008687907853269984665640564039457584007913129.639935',
      onchainDeadline: `${MAX}`,
      strategyType: 'UNKNOWN_9',
      verificationLevel: 255,
    })
  })
})

test('createJobs makes as many as asked for, in as few blocks as asked for, with consecutive ids', async () => {
  const { fromBlock, toBlock } = await chain.createJobs(250, { budget: 5_000_000n, perTransaction: 100 })
  expect(toBlock - fromBlock).toBe(2)
  const jobs = await jobsIn(fromBlock, toBlock)
  expect(jobs).toHaveLength(250)
  const first = Number(jobs[0]?.jobId)
  expect(jobs.map((job) => Number(job.jobId))).toEqual(jobs.map((_, i) => first + i))
  expect(new Set(jobs.map((job) => job.budget)).size).toBe(250)
})

test('a reorg takes a job off the chain, and rollback lowers the head', async () => {
  const { blockNumber, blockHash } = await chain.createJob()
  await chain.mine(2)
  await chain.reorg(3)
  expect(await jobsIn(blockNumber, 'latest')).toEqual([])
  const replaced = await chain.client.getBlock({ blockNumber: BigInt(blockNumber) })
  expect(replaced.hash).not.toBe(blockHash)
  const before = await chain.head()
  await chain.rollback(1)
  expect((await chain.head()).number).toBe(before.number - 1)
})

test('a reverted snapshot is the old branch again', async () => {
  await chain.mine()
  const head = await chain.head()
  const snapshot = await chain.snapshot()
  await chain.createJob()
  await chain.revert(snapshot)
  expect(await chain.head()).toEqual(head)
})

test('a random job is a plausible one', () => {
  for (let i = 0; i < 500; i++) {
    const now = 1_780_000_000
    const job = randomJob(now)
    expect(job.budget).toBeGreaterThanOrEqual(50_000_000n)
    expect(job.budget).toBeLessThanOrEqual(5_000_000_000n)
    expect(Number(job.deadline) - now).toBeGreaterThanOrEqual(86_400)
    expect(Number(job.deadline) - now).toBeLessThanOrEqual(30 * 86_400)
    expect(strategyTypes[job.strategyType]).toBeDefined()
    expect([1, 2, 3, 4]).toContain(job.verificationLevel)
  }
})

describe('generateJobs', () => {
  test('creates jobs until it is stopped, through an RPC that fails in between', async () => {
    const proxy = await startRpcProxy(chain.url)
    const stop = new AbortController()
    const lines: string[] = []
    const since = (await chain.head()).number + 1
    const running = generateJobs({
      url: proxy.url,
      address: chain.address,
      everyMs: 20,
      signal: stop.signal,
      log: (line) => lines.push(line),
    })
    try {
      const atLeast = (n: number) =>
        until(async () => (await jobsIn(since, 'latest')).length >= n, { message: `${n} jobs` })
      await atLeast(2)
      proxy.fault = () => ({ status: 503, body: 'no' })
      await until(() => lines.length === 1, { message: 'the fault is reported' })
      expect(lines[0]).toMatch(/no job created, trying again/)
      proxy.fault = undefined
      await until(() => lines.length === 2, { message: 'the recovery is reported' })
      await atLeast((await jobsIn(since, 'latest')).length + 2)

      stop.abort()
      await running
      const head = await chain.head()
      expect(lines).toEqual([lines[0], 'the chain answers again'])
      expect(await jobsIn(head.number + 1, 'latest').catch(() => [])).toEqual([])
    } finally {
      stop.abort()
      await proxy.stop()
    }
  })
})
