import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { startChain } from './helpers/anvil.ts'
import { startService } from './helpers/service.ts'
import { tempDir } from './helpers/tempDir.ts'

it('a connection that no request came on does not hold up the shutdown', async () => {
  const [chain, folder] = await Promise.all([startChain(), tempDir()])
  const service = await startService({
    RPC_URL: chain.url,
    CONTRACT_ADDRESS: chain.address,
    DATA_DIR: folder.path,
  })
  const idle = connect(Number(new URL(service.url).port), '127.0.0.1')
  await new Promise((resolve) => idle.once('connect', resolve))
  // Its own end is far off: only the server can end it.
  const ended = new Promise((resolve) => idle.once('close', () => resolve('closed by the server')))
  await service.get('/health')
  await service.close()
  expect(await ended).toBe('closed by the server')
  await Promise.all([chain.stop(), folder.remove()])
})
