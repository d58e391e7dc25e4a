import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { createRpcSource } from '../../src/chain/rpc.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { messageOf } from '../../src/messages.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { type Fault, type RpcProxy, startRpcProxy } from '../helpers/rpcProxy.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(() => chain.stop())

/** Requests the head from a URL. Returns the text of the error as it is logged. */
async function failureOf(url: string): Promise<string> {
  const source = createRpcSource([url], { address: chain.address, topics: jobRegistry.topics })
  const error = await source.head(-1).then(
    () => undefined,
    (reason) => reason,
  )
  await source.close()
  return messageOf(error)
}

/** Concurrent tests must use onTestFinished of their own context. */
async function proxyOf({ onTestFinished }: TestContext): Promise<RpcProxy> {
  const proxy = await startRpcProxy(chain.url)
  onTestFinished(() => proxy.stop())
  return proxy
}

const withKey = (url: string) => `${url.replace('//', '//user:secret@')}/v2/secret?key=secret`

const CASES: [name: string, cause: string | RegExp, prepare: (proxy: RpcProxy) => unknown][] = [
  ['nothing listens', 'connect ECONNREFUSED 127.0.0.1:', (proxy) => proxy.down('refuse')],
  ['it hangs', 'timeout after 10 s', (proxy) => proxy.down('hang')],
  ['the connection breaks', /ECONNRESET|other side closed/, faultOf({ drop: true })],
  ['a gateway fails', 'HTTP 502', faultOf({ status: 502, body: '<html>\n<h1>Bad Gateway</h1>' })],
  ['too many requests', 'HTTP 429', faultOf({ status: 429, body: 'slow down' })],
  [
    'too many requests, with a JSON-RPC error of any code',
    'HTTP 429',
    faultOf({ status: 429, body: '{"error":{"code":-32005,"message":"project ID request rate exceeded"}}' }),
  ],
  ['a page where JSON belongs', 'the answer is not JSON-RPC', faultOf({ body: '<html>' })],
  [
    'the node answers an error',
    'eth_getBlockByNumber: see https://example.org/[redacted] and pay (code -32000)',
    faultOf({ error: { code: -32000, message: 'see https://example.org/secret?a=secret\nand pay' } }),
  ],
]

function faultOf(fault: Fault) {
  return (proxy: RpcProxy) => {
    proxy.fault = () => fault
  }
}

describe.concurrent('the text of an RPC error is one line with the cause and only the host of the URL', () => {
  it.for(CASES)('over HTTP: %s', async ([, cause, prepare], context) => {
    const proxy = await proxyOf(context)
    await prepare(proxy)
    const text = await failureOf(withKey(proxy.url))
    expect(text).toMatch(cause instanceof RegExp ? cause : `${proxy.url}: ${cause}`)
    expect(text.startsWith(`${proxy.url}: `)).toBe(true)
    expect(text).not.toMatch(/\n|secret|<html>/)
  })

  it.for<[string, RegExp, (proxy: RpcProxy) => unknown]>([
    ['nothing listens', /ECONNREFUSED/, (proxy) => proxy.down('refuse')],
    ['it hangs', /timeout after 10 s/, (proxy) => proxy.down('hang')],
    ['the socket closes', /closed/, faultOf({ drop: true })],
    ['the node answers an error', /no \(code -32000\)/, faultOf({ error: { code: -32000, message: 'no' } })],
  ])('over a WebSocket: %s', async ([, cause, prepare], context) => {
    const proxy = await proxyOf(context)
    await prepare(proxy)
    const text = await failureOf(`${proxy.wsUrl}/secret`)
    expect(text).toMatch(cause)
    expect(text.startsWith(`${proxy.wsUrl}: `)).toBe(true)
    expect(text).not.toMatch(/\n|secret/)
  })

  it('over HTTP: the answer stops in the middle', async ({ onTestFinished }) => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"jsonrpc":"2.0",')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as { port: number }
    expect(await failureOf(`http://127.0.0.1:${port}`)).toBe(`http://127.0.0.1:${port}: timeout after 10 s`)
  })
})
