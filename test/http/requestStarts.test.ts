import fastify from 'fastify'
import { expect, it } from 'vitest'
import { keyAddresses } from '../../src/http/address.ts'
import { limitRequestStarts } from '../../src/http/requestStarts.ts'

it('a request begins before most of the hundred that another address sent before it', async () => {
  const app = fastify()
  keyAddresses(app)
  limitRequestStarts(app)
  const begun: string[] = []
  app.get('/', async ({ ip }) => {
    begun.push(ip)
    return ''
  })
  await app.ready()
  const ask = (remoteAddress: string) => app.inject({ url: '/', remoteAddress })
  await Promise.all([...Array.from({ length: 100 }, () => ask('192.0.2.1')), ask('192.0.2.2')])
  expect(begun).toHaveLength(101)
  expect(begun.indexOf('192.0.2.2')).toBeLessThan(20)
})
