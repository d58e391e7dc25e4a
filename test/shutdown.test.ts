import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { startService, unreachable } from './helpers/service.ts'

it('a shutdown closes a connection without a request instead of waiting for its client', async () => {
  const service = await startService(unreachable)
  const idle = connect(Number(new URL(service.url).port), '127.0.0.1')
  await new Promise((resolve) => idle.once('connect', resolve))
  // The client never closes it: only the server can.
  const ended = new Promise((resolve) => idle.once('close', () => resolve('closed by the server')))
  await service.get('/health')
  await service.close()
  expect(await ended).toBe('closed by the server')
})
