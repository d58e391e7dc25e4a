import { createPublicClient, webSocket } from 'viem'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Anvil, startAnvil } from '../../src/devnet/anvil.ts'
import { type RpcProxy, startRpcProxy } from './rpcProxy.ts'
import { until } from './until.ts'

let anvil: Anvil
let proxy: RpcProxy
beforeAll(async () => {
  anvil = await startAnvil()
})
afterAll(() => anvil.stop())
beforeEach(async () => {
  proxy = await startRpcProxy(anvil.url)
})
afterEach(() => proxy.stop())

function post(body: unknown): Promise<Response> {
  return fetch(proxy.url, { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(1_000) })
}

const call = (method: string, id = 1) => ({ jsonrpc: '2.0', id, method, params: [] })

test('the proxy forwards calls and batches, and counts them by method', async () => {
  expect(await (await post(call('eth_chainId'))).json()).toMatchObject({ id: 1, result: '0x7a69' })
  const batch = await (await post([call('eth_chainId', 1), call('eth_blockNumber', 2)])).json()
  expect(batch).toMatchObject([{ id: 1, result: '0x7a69' }, { id: 2 }])
  expect(proxy.count('eth_chainId')).toBe(2)
  expect(proxy.count('eth_blockNumber')).toBe(1)
  expect(proxy.requests).toBe(2)
})

test('the proxy can fail one call of a batch and change another, and forwards the rest', async () => {
  proxy.fault = (method) => {
    if (method === 'eth_blockNumber') return { error: { code: -32005, message: 'limit' } }
    if (method === 'eth_chainId') return { mutate: (result) => `${result}00` }
    return undefined
  }
  const batch = [call('eth_blockNumber', 1), call('eth_chainId', 2), call('net_version', 3)]
  expect(await (await post(batch)).json()).toMatchObject([
    { id: 1, error: { code: -32005, message: 'limit' } },
    { id: 2, result: '0x7a6900' },
    { id: 3, result: '31337' },
  ])
})

test('the proxy can answer a request with any status, headers and body', async () => {
  proxy.fault = () => ({
    status: 429,
    headers: { 'retry-after': '7', 'content-type': 'text/html' },
    body: '<p>',
  })
  const response = await post([call('eth_chainId')])
  expect(response.status).toBe(429)
  expect(response.headers.get('retry-after')).toBe('7')
  expect(await response.text()).toBe('<p>')
})

test('the proxy can drop a connection, refuse connections and hang, and works again after each', async () => {
  proxy.fault = () => ({ drop: true })
  await expect(post(call('eth_chainId'))).rejects.toThrow('fetch failed')
  proxy.fault = undefined
  for (const how of ['refuse', 'hang'] as const) {
    await proxy.down(how)
    await expect(post(call('eth_chainId'))).rejects.toThrow(how === 'hang' ? /timeout/ : /fetch failed/)
    await proxy.up()
    expect((await post(call('eth_chainId'))).status).toBe(200)
  }
})

test('the proxy forwards WebSocket calls and subscriptions, and applies faults to them', async () => {
  const transport = webSocket(proxy.wsUrl, { retryCount: 0, reconnect: false })
  const client = createPublicClient({ transport, cacheTime: 0 })
  expect(await client.getChainId()).toBe(31337)
  proxy.fault = (method) =>
    method === 'eth_chainId' ? { error: { code: 4, message: 'not now' } } : undefined
  await expect(client.getChainId()).rejects.toThrow('not now')
  proxy.fault = undefined

  const heads: string[] = []
  await client.transport.subscribe({
    params: ['newHeads'],
    onData: ({ result }) => heads.push(result.number as string),
  })
  const mine = () =>
    fetch(anvil.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(call('evm_mine')),
    })
  await mine()
  await until(() => heads.length === 1, { message: 'the first head' })
  let swallowed = 0
  proxy.fault = (method) => {
    if (method !== 'eth_subscription') return undefined
    swallowed++
    return { drop: true }
  }
  await mine()
  await until(() => swallowed === 1, { message: 'the second head is swallowed' })
  proxy.fault = undefined
  await mine()
  await until(() => heads.length === 2, { message: 'the third head' })
  expect(Number(heads[1]) - Number(heads[0])).toBe(2)

  const socket = await client.transport.getSocket()
  proxy.cut()
  await until(() => socket.readyState === socket.CLOSED, { message: 'the socket is closed' })
})
