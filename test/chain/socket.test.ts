import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { createSocketTransport } from '../../src/chain/socket.ts'
import { endWithParent } from '../../src/devnet/guard.ts'
import { until } from '../helpers/until.ts'

it('the credentials of a WebSocket URL are sent, also if Node has a WebSocket of its own', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const upgraded = once(server, 'upgrade')

  const module = new URL('../../src/chain/socket.ts', import.meta.url).href
  const script = `
    import { createSocketTransport } from '${module}'
    const transport = createSocketTransport('ws://user:p%40ss@127.0.0.1:${port}')
    await transport.send([{ method: 'eth_chainId', params: [] }], { timeoutMs: 10_000 }).catch(() => {})`
  // Node 20 has its own WebSocket behind this flag, later versions without it.
  const args = [
    '--experimental-websocket',
    '--no-warnings',
    '--import=tsx',
    '--input-type=module',
    '-e',
    script,
  ]
  const client = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  endWithParent(client)
  onTestFinished(() => void client.kill())

  const ended = once(client, 'exit').then(([code]) => Promise.reject(new Error(`it exited with ${code}`)))
  const [request, socket] = (await Promise.race([upgraded, ended])) as [IncomingMessage, NodeJS.Socket]
  ended.catch(() => {})
  expect(request.headers.authorization).toBe(`Basic ${btoa('user:p@ss')}`)
  socket.end()
})

/** Opens a transport to a node that answers calls as `answer` does. Both end with the test. */
async function openTransport(
  answer: (method: string, reply: (result: string) => void, socket: WebSocket) => void,
) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  server.on('connection', (socket) =>
    socket.on('message', (data) => {
      const { id, method } = JSON.parse(String(data))
      answer(method, (result) => socket.send(JSON.stringify({ jsonrpc: '2.0', id, result })), socket)
    }),
  )
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `ws://127.0.0.1:${port}`
  const transport = createSocketTransport(url)
  onTestFinished(() => transport.close())
  return { transport, url }
}

it('a subscription on a socket that hangs is renewed when a request on that socket has timed out', async () => {
  let subscriptions = 0
  const { transport } = await openTransport((method, reply, socket) => {
    if (method !== 'eth_subscribe') return
    reply(`0x${++subscriptions}`)
    // It reads nothing more, not even the end of the connection.
    socket.pause()
  })
  onTestFinished(transport.watch(() => {}))
  await until(() => subscriptions === 1, { message: 'the subscription' })
  const chainId = { method: 'eth_chainId', params: [] }
  await expect(transport.send([chainId], { timeoutMs: 500 })).rejects.toThrow('timeout')
  await until(() => subscriptions === 2, { message: 'the subscription is renewed' })
})

it('an answer with more than 10 MiB is refused as too large, unless it is of one block, and the next request succeeds', async () => {
  const { transport, url } = await openTransport((method, reply) =>
    reply(method === 'eth_getLogs' ? 'x'.repeat(11 * 2 ** 20) : '0x1'),
  )
  const logs = { method: 'eth_getLogs', params: [] }
  const timeoutMs = 5_000
  await expect(transport.send([logs], { timeoutMs })).rejects.toMatchObject({
    failure: 'too-large',
    message: `${url}: the answer has more than 10 MiB`,
  })
  const [large] = await transport.send([logs], { timeoutMs, large: true })
  expect(String(large?.result)).toHaveLength(11 * 2 ** 20)
  expect(await transport.send([{ method: 'eth_chainId', params: [] }], { timeoutMs })).toEqual([
    { result: '0x1' },
  ])
})
