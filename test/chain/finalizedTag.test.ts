import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createRpcSource } from '../../src/chain/rpc.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { jobsOnChain } from '../helpers/fold.ts'
import type { Fault, FaultRule, RpcProxy } from '../helpers/rpcProxy.ts'
import { proxyTo, serveChain } from '../helpers/serveChain.ts'
import { until } from '../helpers/until.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
  await chain.createJobs(5, { perTransaction: 1 })
  await chain.mine(200)
})
afterAll(() => chain.stop())

const UNKNOWN_TAG: Fault = { error: { code: -32602, message: 'invalid block tag' } }

function onFinalized(fault: Fault): FaultRule {
  return (_method, params) => (params[0] === 'finalized' ? fault : undefined)
}

function claimFinalized(number: () => number): FaultRule {
  return onFinalized({ mutate: (block) => ({ ...(block as object), number: `0x${number().toString(16)}` }) })
}

async function connect(...proxies: RpcProxy[]) {
  const source = createRpcSource(
    proxies.map(({ url }) => url),
    { address: chain.address, topics: jobRegistry.topics },
  )
  onTestFinished(() => source.close())
  await source.checkChain(null)
  return source
}

it('the finalized block is requested from an endpoint that knows the tag', async () => {
  const [ignorant, knowing] = [await proxyTo(chain), await proxyTo(chain)]
  ignorant.fault = onFinalized(UNKNOWN_TAG)
  const source = await connect(ignorant, knowing)
  expect(await source.finalized()).toBe((await chain.head()).number - 64)
})

it('the finalized block does not change while the only endpoint that knows the tag is down', async () => {
  const [knowing, ignorant] = [await proxyTo(chain), await proxyTo(chain)]
  ignorant.fault = onFinalized(UNKNOWN_TAG)
  const source = await connect(knowing, ignorant)
  const finalized = await source.finalized()
  await knowing.down('refuse')
  expect(await source.finalized()).toBe(finalized)
})

it('the finalized block is null if no endpoint knows the tag, even if another is down', async () => {
  const [ignorant, dead] = [await proxyTo(chain), await proxyTo(chain)]
  ignorant.fault = onFinalized(UNKNOWN_TAG)
  await dead.down('refuse')
  expect(await (await connect(ignorant, dead)).finalized()).toBeNull()
})

it('the finalized block is the lower of the last two answers', async () => {
  const proxy = await proxyTo(chain)
  let claimed = 10
  proxy.fault = claimFinalized(() => claimed)
  const source = await connect(proxy)
  expect(await source.finalized()).toBe(10)
  claimed = 100
  expect(await source.finalized()).toBe(10)
  claimed = 11
  expect(await source.finalized()).toBe(11)
  claimed = 12
  expect(await source.finalized()).toBe(11)
})

it.each([
  ['1,000 blocks above the head', 1_000],
  ['the head', 0],
])('an endpoint that calls %s final does not keep the index from following a reorg', async (_name, above) => {
  const proxy = await proxyTo(chain)
  let head = (await chain.head()).number
  proxy.fault = claimFinalized(() => head + above)
  const service = await serveChain({ chain, rpcUrl: proxy.url })
  const jobs = () => service.history()
  await service.untilReady()
  await chain.createJobs(3, { perTransaction: 1 })
  await chain.mine(40)
  head = (await chain.head()).number
  const before = await jobsOnChain(chain)
  await until(async () => (await jobs()).length === before.length)

  await chain.reorg(50)
  await chain.mine(2)
  const after = await jobsOnChain(chain)
  expect(after).toHaveLength(before.length - 3)
  await until(async () => (await jobs()).length === after.length, { message: 'the reorg is followed' })
  expect(await jobs()).toEqual(after)
})
