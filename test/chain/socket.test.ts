import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { endWithParent } from '../../src/devnet/guard.ts'

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
  const args = ['--experimental-websocket', '--import=tsx', '--input-type=module', '-e', script]
  const client = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] })
  endWithParent(client)
  onTestFinished(() => void client.kill())

  const [request, socket] = (await upgraded) as [IncomingMessage, NodeJS.Socket]
  expect(request.headers.authorization).toBe(`Basic ${btoa('user:p@ss')}`)
  socket.end()
})
