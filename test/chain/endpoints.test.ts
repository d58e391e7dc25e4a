import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createRpcSource } from '../../src/chain/rpc.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { jobsOnChain } from '../helpers/fold.ts'
import type { FaultRule, RpcProxy } from '../helpers/rpcProxy.ts'
import { proxyTo, serveChain } from '../helpers/serveChain.ts'
import { until } from '../helpers/until.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
  await chain.createJobs(20, { perTransaction: 1 })
  await chain.mine(120)
})
afterAll(() => chain.stop())

const serve = (...proxies: RpcProxy[]) => serveChain({ chain, rpcUrl: proxies.map(({ url }) => url).join() })

it('an RPC that hangs delays one request, and serves again once it answers', async () => {
  const { first, second, source, pass } = await openSource()
  await first.down('hang')
  await source.head(-1)
  const hung = first.requests
  for (let i = 0; i < 5; i++) await source.head(-1)
  expect(first.requests).toBe(hung)

  await first.up()
  const before = first.count('eth_getBlockByNumber')
  await until(async () => {
    pass(1_000)
    await source.head(-1)
    return first.count('eth_getBlockByNumber') > before
  })
  const spared = second.requests
  await source.head(-1)
  expect(second.requests).toBe(spared)
})

it('an RPC that fails is requested only now and then', async () => {
  const { first, source, pass } = await openSource()
  first.fault = () => ({ status: 502 })
  await source.head(-1)
  const before = first.requests
  for (let i = 0; i < 100; i++) {
    pass(100)
    await source.head(-1)
  }
  const probes = first.requests - before
  // 10 s: the probes are after 0.5 to 1 s, after 1 to 2 s more, then after 2 to 4 s and 4 to 8 s more.
  expect(probes).toBeGreaterThan(1)
  expect(probes).toBeLessThan(6)
})

it('an RPC that has no block 0, which identifies its chain, is requested only now and then', async () => {
  const { first, second, source, pass } = await openSource({
    firstFault: (_method, [block]) => (block === '0x0' ? { mutate: () => null } : undefined),
  })
  const before = first.requests
  for (let i = 0; i < 100; i++) {
    pass(100)
    await source.head(-1)
  }
  expect(first.requests - before).toBeLessThan(20)
  expect(second.requests).toBeGreaterThan(100)
})

it.each([null, '', 'mainnet', '0x'])(
  'an endpoint that answers %j as its chain id is set aside, and the next one decides the chain',
  async (chainId) => {
    const { first, source, pass } = await openSource()
    const identity = await source.checkChain(null)
    first.fault = (method) => (method === 'eth_chainId' ? { mutate: () => chainId } : undefined)
    expect(await source.checkChain(null)).toEqual(identity)
    const before = first.requests
    for (let i = 0; i < 100; i++) {
      pass(100)
      await source.head(-1)
    }
    expect(first.requests - before).toBeLessThan(20)
  },
)

it('if all RPCs are set aside, they are requested anyway', async () => {
  const { first, second, source } = await openSource()
  await first.down('refuse')
  await second.down('refuse')
  for (let i = 0; i < 4; i++) await expect(source.head(-1)).rejects.toThrow('ECONNREFUSED')
  await second.up()
  expect(await source.head(-1)).toMatchObject(await chain.head())
})

it('the logs of a range and the headers that prove it come from one endpoint', async () => {
  const [limited, lagging] = [await proxyTo(chain), await proxyTo(chain)]
  limited.fault = (method, params) => {
    const { fromBlock, toBlock } = (params[0] ?? {}) as { fromBlock?: string; toBlock?: string }
    return method === 'eth_getLogs' && fromBlock !== undefined && Number(toBlock) - Number(fromBlock) >= 8
      ? { error: { code: -32000, message: 'block range is too wide' } }
      : undefined
  }
  lagging.fault = (method, params) => {
    if (method === 'eth_getLogs') return { mutate: () => [] }
    return method === 'eth_getBlockByNumber' && Number(params[0]) > 3 ? { mutate: () => null } : undefined
  }
  const service = await serve(limited, lagging)
  await service.untilReady()
  expect(await service.history()).toEqual(await jobsOnChain(chain))
})

/** A source with two endpoints, and a function that moves its clock forward. It ends with the test. */
async function openSource({ firstFault }: { firstFault?: FaultRule } = {}) {
  const [first, second] = [await proxyTo(chain), await proxyTo(chain)]
  first.fault = firstFault
  let time = 0
  const source = createRpcSource(
    [first.url, second.url],
    { address: chain.address, topics: jobRegistry.topics },
    { now: () => time },
  )
  onTestFinished(() => source.close())
  await source.checkChain(null)
  const pass = (ms: number) => {
    time += ms
  }
  return { first, second, source, pass }
}

/** The fault of an endpoint that reports another head. */
function headAt(head: () => { number: number; hash?: string }): FaultRule {
  const number = () => `0x${head().number.toString(16)}`
  return (method) => {
    if (method === 'eth_blockNumber') return { mutate: number }
    if (method !== 'eth_getBlockByNumber') return undefined
    return { mutate: (block) => ({ ...(block as object), ...head(), number: number() }) }
  }
}

/** A source whose first endpoint was set aside, because its head stands still at the block `stuck`. */
async function openStuckSource() {
  const opened = await openSource()
  const { first, source, pass } = opened
  const stuck = await source.head(-1)
  first.fault = headAt(() => ({ number: stuck.number, hash: stuck.hash }))
  await chain.mine()
  expect((await source.head(-1)).number).toBe(stuck.number)
  pass(40_000)
  expect((await source.head(-1)).number).toBe(stuck.number + 1)
  return { ...opened, stuck }
}

it('a first endpoint whose head stands still is set aside until it moves', async () => {
  const { first, source, pass, stuck } = await openStuckSource()
  // Its probes fail as long as it stands still.
  for (let i = 0; i < 5; i++) {
    pass(20_000)
    expect((await source.head(-1)).number).toBe(stuck.number + 1)
  }

  first.fault = undefined
  const before = first.count('eth_getBlockByNumber')
  await until(async () => {
    pass(20_000)
    await source.head(-1)
    return first.count('eth_getBlockByNumber') > before
  })
})

it('while the first endpoint is behind, the second one is used again soon after an outage', async () => {
  const { second, source, pass, stuck } = await openStuckSource()
  await second.down('refuse')
  expect((await source.head(-1)).number).toBe(stuck.number)
  await second.up()
  let passed = 0
  await until(async () => {
    pass(200)
    passed += 200
    return (await source.head(-1)).number === stuck.number + 1
  })
  // The heads of all endpoints are compared every 30 s.
  expect(passed).toBeLessThan(20_000)
})

it('a chain on which all heads stand still keeps its endpoints', async () => {
  const { second, source, pass } = await openSource()
  const { number } = await chain.head()
  const asked = second.requests
  for (let i = 0; i < 10; i++) {
    expect((await source.head(-1)).number).toBe(number)
    pass(10_000)
  }
  // One comparison each 30 s.
  expect(second.requests - asked).toBeLessThan(5)
})

it('a first endpoint whose head rises but stays below a known block is set aside until it has caught up', async () => {
  const { first, source, pass } = await openSource()
  const { number } = await chain.head()
  let lagging = number - 100
  first.fault = headAt(() => ({ number: lagging }))
  const known = number - 1
  expect((await source.head(known)).number).toBe(lagging)
  pass(40_000)
  expect((await source.head(known)).number).toBe(number)
  for (let i = 0; i < 5; i++) {
    pass(20_000)
    lagging++
    expect((await source.head(known)).number).toBe(number)
  }

  lagging = number
  await chain.mine()
  await until(async () => {
    pass(20_000)
    return (await source.head(known)).number === lagging
  })
})

it('an endpoint without a latest block is passed over', async () => {
  const { first, source } = await openSource()
  first.fault = (method) => (method === 'eth_getBlockByNumber' ? { mutate: () => null } : undefined)
  expect(await source.head(-1)).toMatchObject(await chain.head())
})
