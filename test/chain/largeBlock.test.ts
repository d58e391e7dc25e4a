import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createRpcSource } from '../../src/chain/rpc.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { startProcess } from '../helpers/process.ts'
import type { FaultRule } from '../helpers/rpcProxy.ts'
import { proxyTo, serveChain, untilSameAsChain } from '../helpers/serveChain.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { subscribe } from '../helpers/subscribe.ts'

let chain: TestChain
let large: number
beforeAll(async () => {
  chain = await startChain()
  await chain.createJobs(5, { perTransaction: 1 })
  large = (await chain.createJobs(7, { perTransaction: 7 })).toBlock
  await chain.createJobs(5, { perTransaction: 1 })
  await chain.mine(100)
})
afterAll(() => chain.stop())

const PADDING = 'x'.repeat(11 * 2 ** 20)

/** Every answer with the logs of the block has more than 10 MiB. */
const tooManyBytes: FaultRule = (method) =>
  method === 'eth_getLogs'
    ? {
        mutate: (logs) =>
          (logs as { blockNumber: string }[]).map((log, i, all) => {
            const first = all.findIndex(({ blockNumber }) => Number(blockNumber) === large) === i
            return first ? { ...log, padding: PADDING } : log
          }),
      }
    : undefined

/** The provider gives no more than 6 logs. */
const tooManyLogs: FaultRule = (method, params) => {
  if (method !== 'eth_getLogs') return undefined
  const { fromBlock, toBlock, blockHash } = params[0] as Record<string, string>
  const asked = blockHash ? blockHash === largeHash : Number(fromBlock) <= large && Number(toBlock) >= large
  return asked ? { error: { code: -32005, message: 'query returned more than 10000 results' } } : undefined
}
let largeHash = ''

async function serve(fault: FaultRule) {
  const proxy = await proxyTo(chain)
  proxy.fault = fault
  const service = await serveChain({ chain, rpcUrl: proxy.url })
  return { proxy, service }
}

describe.each([
  ['more than 10 MiB', tooManyBytes],
  ['more than the provider gives', tooManyLogs],
])('if the logs of one block are %s, its jobs are indexed', (_name, fault) => {
  it('in the past', async () => {
    const { service } = await serve(fault)
    await untilSameAsChain(service, chain)
  })

  it('at the head', async () => {
    const { proxy, service } = await serve(fault)
    await untilSameAsChain(service, chain)
    const stream = subscribe(service)
    await stream.connected
    const before = large
    large = (await chain.head()).number + 1
    onTestFinished(() => {
      large = before
    })
    await chain.setAutomine(false)
    for (let i = 0; i < 3; i++) await chain.sendJob()
    const { hash } = await chain.head()
    proxy.fault = (method, params, body) => {
      // The first request has the hash of the block.
      if (method === 'eth_getLogs') largeHash = (params[0] as { blockHash?: string }).blockHash ?? hash
      return fault(method, params, body)
    }
    await chain.mine()
    await chain.setAutomine(true)
    await stream.waitFor(3)
    await untilSameAsChain(service, chain)
  })
})

it('the log of a process names the block', async () => {
  const proxy = await proxyTo(chain)
  proxy.fault = tooManyBytes
  const process = await startProcess({
    env: {
      RPC_URL: proxy.url,
      CONTRACT_ADDRESS: chain.address,
      DATABASE_URL: await createSharedDatabase(),
    },
  })
  onTestFinished(async () => void (await process.stop()))
  const line = await process.waitForLog(/needed a larger answer/)
  expect(line).toMatchObject({ level: 'warn', blockNumber: large })
})

/**
 * A source whose answers are too large, and the blocks that it reports as large, with their numbers of logs.
 */
async function openReportingSource() {
  const proxy = await proxyTo(chain)
  proxy.fault = tooManyBytes
  const reported: [number, number][] = []
  const source = createRpcSource(
    [proxy.url],
    { address: chain.address, topics: jobRegistry.topics },
    { onLargeBlock: (...block) => reported.push(block) },
  )
  onTestFinished(() => source.close())
  return { proxy, source, reported }
}

it('the source reports a large block and its number of logs, and an error names the block', async () => {
  const { proxy, source, reported } = await openReportingSource()
  expect((await source.range(large, large)).logs).toHaveLength(7)
  expect(reported).toEqual([[large, 7]])

  largeHash = 'none'
  proxy.fault = (method, params, body) =>
    method === 'eth_getBlockReceipts' ? { mutate: () => null } : tooManyLogs(method, params, body)
  await expect(source.range(large, large)).rejects.toThrow(
    `the logs of block ${large} cannot be read: ${proxy.url}: eth_getLogs: query returned more than 10000 results (code -32005)`,
  )
})

it('a block that is read together with a large one is not reported as large', async () => {
  const { source, reported } = await openReportingSource()
  const headers = await Promise.all([large - 1, large, large + 1].map((number) => source.header(number)))
  const answers = await Promise.all(headers.map((header) => header && source.logs(header)))
  expect(answers.map((logs) => logs?.length)).toEqual([1, 7, 1])
  expect(reported).toEqual([[large, 7]])
})

it('the error of a block that is read by its hash has its number', async () => {
  const proxy = await proxyTo(chain)
  const source = createRpcSource([proxy.url], { address: chain.address, topics: jobRegistry.topics })
  onTestFinished(() => source.close())
  const header = await source.header(large)
  proxy.fault = (method) =>
    method === 'eth_blockNumber' || method === 'eth_chainId'
      ? undefined
      : { error: { code: -32000, message: 'unknown block' } }
  await expect(header && source.logs(header)).rejects.toThrow(
    `the logs of block ${large} cannot be read: ${proxy.url}: eth_getLogs: unknown block (code -32000)`,
  )
})
