import { type Address, parseEventLogs } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agenticCommerceAbi } from '../../abi/agenticCommerce.ts'
import { jobRegistryAbi } from '../../abi/jobRegistry.ts'
import { type Anvil, startAnvil } from '../../src/devnet/anvil.ts'
import { type DevClient, devClient } from '../../src/devnet/client.ts'
import { type DevContract, deployMarket, devContracts, generate } from '../../src/devnet/contracts.ts'
import { type Market, randomWay, runMarket, startRun } from '../../src/devnet/market.ts'
import { createPast } from '../../src/devnet/past.ts'
import { commerceStatuses, getCommerceJob } from '../helpers/commerce.ts'
import { startRpcProxy } from '../helpers/rpcProxy.ts'
import { until } from '../helpers/until.ts'

/** Each way takes a second or two at this pace. A job that expires takes three. */
const PACE_MS = 30
const HOUR = 3_600

const abis = { 'job-registry': jobRegistryAbi, erc8183: agenticCommerceAbi }

let anvil: Anvil
let client: DevClient
beforeAll(async () => {
  anvil = await startAnvil()
  client = devClient(anvil.url)
})
afterAll(() => anvil.stop())

interface Log {
  eventName: string
  jobId: string
  timestamp: number
}

/** All the logs of a contract, oldest first. */
async function logsOf(contract: DevContract, address: Address, from = client): Promise<Log[]> {
  const logs = await from.getLogs({ address, fromBlock: 0n })
  return parseEventLogs({ abi: abis[contract], logs, strict: true }).map((log) => ({
    eventName: log.eventName,
    jobId: String(log.args.jobId),
    // A field that anvil adds to logs.
    timestamp: Number((log as unknown as { blockTimestamp: bigint }).blockTimestamp),
  }))
}

const statusEvents: Record<string, string> = {
  JobCreated: 'OPEN',
  JobFunded: 'FUNDED',
  JobSubmitted: 'SUBMITTED',
  JobCompleted: 'COMPLETED',
  JobRejected: 'REJECTED',
  JobExpired: 'EXPIRED',
  JobDisputed: 'DISPUTED',
  JobArbitrated: 'ARBITRATED',
}

/** The status of each job after its latest log. */
function statusesOf(logs: Log[]): Map<string, string> {
  const statuses = new Map<string, string>()
  for (const { jobId, eventName } of logs) {
    const status = statusEvents[eventName]
    if (status) statuses.set(jobId, status)
  }
  return statuses
}

/** A market that creates no further jobs. */
function withoutNew(market: Market): Market {
  return { ...market, createJob: () => new Promise(() => {}) }
}

describe.each(devContracts)('the market of %s', (contract) => {
  test('takes jobs every way through the lifecycle, to its end', async () => {
    const { address, market } = await deployMarket(client, contract)
    const runs = []
    for (const way of market.ways) runs.push(await startRun(market, way, { paceMs: PACE_MS }))
    const stop = new AbortController()
    const lines: string[] = []
    void runMarket({
      market: withoutNew(market),
      runs,
      everyMs: PACE_MS,
      signal: stop.signal,
      log: (line) => lines.push(line),
    })
    const ends = new Map(runs.map(({ job, end }) => [job.jobId, end]))
    try {
      await until(
        async () => {
          const statuses = statusesOf(await logsOf(contract, address))
          return [...ends].every(([jobId, end]) => statuses.get(jobId) === end)
        },
        { message: 'every job is at its end', intervalMs: 100 },
      )
    } finally {
      stop.abort()
    }
    expect(lines).toEqual([])
    expect(new Set(ends.values())).toEqual(
      new Set(['COMPLETED', 'REJECTED', 'EXPIRED', ...(contract === 'erc8183' ? [] : ['ARBITRATED'])]),
    )
    if (contract === 'erc8183')
      for (const [jobId, end] of ends)
        expect(commerceStatuses[(await getCommerceJob(client, address, BigInt(jobId))).status]).toBe(end)
  })

  test('has a past of finished and open jobs', async () => {
    const past = await startAnvil({
      args: ['--timestamp', String(Math.floor(Date.now() / 1000) - HOUR)],
    })
    try {
      const pastClient = devClient(past.url)
      const { address, market } = await deployMarket(pastClient, contract)
      const runs = await createPast({ client: pastClient, market, seconds: HOUR })
      const logs = await logsOf(contract, address, pastClient)
      const statuses = statusesOf(logs)
      for (const { end } of market.ways) expect([...statuses.values()]).toContain(end)
      expect([...statuses.values()]).toContain('OPEN')
      for (const { job, end } of runs) expect(statuses.get(job.jobId)).not.toBe(end)

      const now = Date.now() / 1000
      const times = logs.map(({ timestamp }) => timestamp)
      expect(now - (times[0] as number)).toBeGreaterThan(0.9 * HOUR)
      expect(now - (times.at(-1) as number)).toBeLessThan(0.1 * HOUR)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      // The chain's clock continues from the present.
      const pending = await pastClient.getBlock({ blockTag: 'pending' })
      expect(Math.abs(now - Number(pending.timestamp))).toBeLessThan(10)
    } finally {
      await past.stop()
    }
  })
})

test('a market creates jobs until it is stopped, through an RPC that fails in between', async () => {
  const proxy = await startRpcProxy(anvil.url)
  const stop = new AbortController()
  const lines: string[] = []
  const running = generate({
    url: proxy.url,
    everyMs: PACE_MS,
    signal: stop.signal,
    log: (line) => lines.push(line),
  })
  try {
    await until(() => lines.length === 1, { message: 'the contract is deployed' })
    const address = /0x\w{40}/.exec(lines[0] as string)?.[0] as Address
    expect(lines[0]).toContain('job-registry')
    const finished = async () =>
      [...statusesOf(await logsOf('job-registry', address)).values()].filter((status) => status !== 'OPEN')
        .length
    await until(async () => (await finished()) >= 3, { message: 'jobs change' })
    proxy.fault = () => ({ status: 503, body: 'no' })
    await until(() => lines.length >= 2, { message: 'the fault is reported' })
    expect(lines[1]).toMatch(/^a transaction of the market failed, will retry: /)
    const before = await finished()
    proxy.fault = undefined
    await until(() => lines.length >= 3, { message: 'the recovery is reported' })
    expect(lines[2]).toBe('the chain answers again')
    await until(async () => (await finished()) >= before + 3, { message: 'jobs change again' })

    stop.abort()
    await running
    const head = await client.getBlockNumber({ cacheTime: 0 })
    await new Promise((resolve) => setTimeout(resolve, 10 * PACE_MS))
    expect(await client.getBlockNumber({ cacheTime: 0 })).toBe(head)
    expect(lines).toHaveLength(3)
  } finally {
    stop.abort()
    await proxy.stop()
  }
})

test('a step whose answer was lost is not fatal: the contract refuses it the second time, and the next one follows', async () => {
  const proxy = await startRpcProxy(anvil.url)
  const stop = new AbortController()
  try {
    const { address, market } = await deployMarket(devClient(proxy.url), 'erc8183')
    const [way] = market.ways
    if (!way) throw new Error('no way')
    const run = await startRun(market, way, { paceMs: PACE_MS })
    let lost = 0
    // The first sending of each transaction reaches the chain, but is answered with a hash of no transaction.
    const seen = new Set<string>()
    proxy.fault = (method, params) => {
      const { data } = (params[0] ?? {}) as { data?: string }
      if (method !== 'eth_sendTransaction' || !data || seen.has(data)) return undefined
      seen.add(data)
      lost++
      return { mutate: () => `0x${'00'.repeat(32)}` }
    }
    void runMarket({ market: withoutNew(market), runs: [run], everyMs: PACE_MS, signal: stop.signal })
    await until(async () => statusesOf(await logsOf('erc8183', address)).get(run.job.jobId) === way.end, {
      message: 'the job is at its end',
    })
    expect(lost).toBe(way.steps.length)
  } finally {
    stop.abort()
    await proxy.stop()
  }
})

test('ways are chosen by their weights', () => {
  const ways = [
    { end: 'COMPLETED', weight: 9, steps: [] },
    { end: 'REJECTED', weight: 1, steps: [] },
  ] as const
  const rejected = Array.from({ length: 2_000 }, () => randomWay(ways)).filter(
    ({ end }) => end === 'REJECTED',
  )
  // 200 on average, with a standard deviation of 13.
  expect(rejected.length).toBeGreaterThan(100)
  expect(rejected.length).toBeLessThan(300)
})
