import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { startService, unreachable } from './helpers/service.ts'

it('a connection that no request came on does not hold up the shutdown', async () => {
  const service = await startService(unreachable)
  const idle = connect(Number(new URL(service.url).port), '127.0.0.1')
  await new Promise((resolve) => idle.once('connect', resolve))
  // Its own end is far off: only the server can end it.
  const ended = new Promise((resolve) => idle.once('close', () => resolve('closed by the server')))
  await service.get('/health')
  await service.close()
  expect(await ended).toBe('closed by the server')
})
