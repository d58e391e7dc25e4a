import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Service, startService, unreachable } from '../helpers/service.ts'

let service: Service
beforeAll(async () => {
  service = await startService(unreachable, 'indexer')
})
afterAll(() => service?.close())

it('a process that only indexes has the operation routes, and no other', async () => {
  expect(await service.get('/health')).toEqual({ status: 'ok' })
  expect(await service.get('/ready', 503)).toEqual({
    status: 'not ready',
    reason: 'the database is unreachable',
  })
  expect(await (await fetch(`${service.url}/metrics`)).text()).toContain('jobcast_database_up 0')
  for (const path of ['/', '/docs', '/openapi.json', '/api/v1/jobs', '/api/v1/events', '/api/v1/config'])
    expect((await service.get(path, 404)).error, path).toEqual({
      code: 'NOT_FOUND',
      message: `there is no GET ${path}`,
    })
})

it('a process that only indexes refuses other methods and sets security headers as every process does', async () => {
  for (const method of ['POST', 'OPTIONS']) {
    const { status, headers } = await fetch(`${service.url}/health`, { method })
    expect(status, method).toBe(405)
    expect(headers.get('allow')).toBe('GET, HEAD')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})
