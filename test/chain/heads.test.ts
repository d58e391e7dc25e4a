import { afterAll, beforeAll, it, onTestFinished } from 'vitest'
import { createRpcSource } from '../../src/chain/rpc.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { proxyTo } from '../helpers/serveChain.ts'
import { until } from '../helpers/until.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(() => chain.stop())

it('a WebSocket that only announces heads is opened again after it was cut, until unwatch unsubscribes it', async () => {
  const [http, socket] = [await proxyTo(chain), await proxyTo(chain)]
  // Every request is answered by the first URL.
  const source = createRpcSource([http.url, socket.wsUrl], {
    address: chain.address,
    topics: jobRegistry.topics,
  })
  onTestFinished(() => source.close())
  let heads = 0
  const unwatch = source.watch(() => heads++)
  onTestFinished(unwatch)
  const untilAnnounced = () => {
    const before = heads
    return until(
      async () => {
        await chain.mine()
        return heads > before
      },
      { timeout: 20_000, message: 'a head is announced' },
    )
  }

  await untilAnnounced()
  socket.cut()
  await until(() => socket.openSockets() === 0)
  await untilAnnounced()

  unwatch()
  await until(() => socket.count('eth_unsubscribe') === 1)
})
