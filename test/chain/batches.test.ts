import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createRpcSource } from '../../src/chain/rpc.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { jobsOnChain } from '../helpers/fold.ts'
import type { Fault, FaultRule, RpcProxy } from '../helpers/rpcProxy.ts'
import { proxyTo, serveChain } from '../helpers/serveChain.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
  await chain.createJobs(10, { perTransaction: 1 })
  await chain.mine(100)
})
afterAll(() => chain.stop())

const ERROR = '{"code":-32600,"message":"batch requests are not supported"}'

/** How endpoints refuse batches. */
const REFUSALS: Record<string, Fault> = {
  'an error object': { status: 200, body: `{"jsonrpc":"2.0","id":null,"error":${ERROR}}` },
  'an error object with a status': { status: 400, body: `{"jsonrpc":"2.0","id":null,"error":${ERROR}}` },
  'an array with one error': { status: 200, body: `[{"jsonrpc":"2.0","id":null,"error":${ERROR}}]` },
  'a status': { status: 403, body: 'Forbidden', headers: { 'content-type': 'text/plain' } },
}

function refusing(fault: Fault): FaultRule {
  return (_method, _params, body) => (Array.isArray(body) && body.length > 1 ? fault : undefined)
}

function connect({ url }: RpcProxy) {
  const source = createRpcSource([url], { address: chain.address, topics: jobRegistry.topics })
  onTestFinished(() => source.close())
  return source
}

describe.each(Object.entries(REFUSALS))('an endpoint that refuses batches by %s', (_name, fault) => {
  it('is enough to index all jobs', async () => {
    const proxy = await proxyTo(chain)
    proxy.fault = refusing(fault)
    const service = await serveChain({ chain, rpcUrl: proxy.url })
    await service.untilReady()
    expect(await service.history()).toEqual(await jobsOnChain(chain))
  })

  it('gets no more than three batches', async () => {
    const proxy = await proxyTo(chain)
    proxy.fault = refusing(fault)
    const source = connect(proxy)
    for (let i = 0; i < 5; i++) await source.range(1, 20)
    // Three batches, each with its calls one by one, then calls one by one.
    expect(proxy.requests).toBe(3 * 4 + 2 * 3)
  })
})

it('a range is one POST', async () => {
  const proxy = await proxyTo(chain)
  const source = connect(proxy)
  await Promise.all([source.header(1), source.range(1, 20), source.range(21, 40)])
  expect(proxy.requests).toBe(3)
})

it.each<[string, Fault]>([
  ['a page where JSON belongs', { status: 200, body: '<html>Welcome</html>' }],
  ['a gateway error', { status: 502 }],
  ['a limit', { status: 200, body: '{"error":{"code":429,"message":"slow down"}}' }],
])('%s is no refusal of batches', async (_name, fault) => {
  const proxy = await proxyTo(chain)
  proxy.fault = refusing(fault)
  const source = connect(proxy)
  for (let i = 0; i < 5; i++) await expect(source.range(1, 20)).rejects.toThrow()
  proxy.fault = undefined
  const asked = proxy.requests
  await source.range(1, 20)
  expect(proxy.requests - asked).toBe(1)
})

it('an error for the whole POST that refuses the range does not count as a refusal of batches', async () => {
  const proxy = await proxyTo(chain)
  proxy.fault = (method) => (method === 'eth_getLogs' ? REFUSALS['an error object with a status'] : undefined)
  const source = connect(proxy)
  for (let i = 0; i < 5; i++) await expect(source.range(1, 20)).rejects.toThrow(/not supported/)
  proxy.fault = undefined
  const asked = proxy.requests
  await source.range(1, 20)
  expect(proxy.requests - asked).toBe(1)
})
