import fastify from 'fastify'
import { afterAll, expect, test } from 'vitest'
import { page } from '../../src/http/page.ts'

const app = fastify()
app.register(page)
afterAll(() => app.close())

test('the page allows scripts and styles of its own origin only', async () => {
  const response = await app.inject('/')
  expect(response.statusCode).toBe(200)
  expect(response.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(response.headers['content-security-policy']).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  )
  expect(response.headers['referrer-policy']).toBe('no-referrer')
  // What such a policy would silently drop.
  expect(response.body).not.toMatch(/\sstyle=|<style|\son[a-z]+=|<script(?![^>]*src)/)
})

test('everything the page and its modules refer to is served, with its type', async () => {
  const types: Record<string, string> = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }
  const seen = new Set<string>()
  const visit = async (url: string): Promise<void> => {
    if (seen.has(url)) return
    seen.add(url)
    const { statusCode, headers, body } = await app.inject(url)
    expect(statusCode, url).toBe(200)
    const type = types[url.split('.').at(-1) ?? '']
    if (type !== undefined) expect(headers['content-type'], url).toContain(type)
    for (const [, found] of body.matchAll(/(?:src|href)="(page\/[^"]+)"/g)) await visit(`/${found}`)
    if (type === types.js)
      for (const [, found] of body.matchAll(/from '\.\/([^']+)'/g)) await visit(`/page/${found}`)
  }
  await visit('/')
  expect([...seen]).toEqual(expect.arrayContaining(['/page/main.js', '/page/stream.js', '/page/uplot.js']))
})

test('a copy that is still fresh is not sent again', async () => {
  const first = await app.inject('/page/main.js')
  const etag = String(first.headers.etag)
  expect(first.headers['cache-control']).toBe('no-cache')
  for (const known of [etag, `"other", ${etag}`, etag.replace('W/', '')]) {
    const again = await app.inject({ url: '/page/main.js', headers: { 'if-none-match': known } })
    expect(again.statusCode, known).toBe(304)
    expect(again.body).toBe('')
  }
  const stale = await app.inject({ url: '/page/main.js', headers: { 'if-none-match': '"older"' } })
  expect(stale.statusCode).toBe(200)
})

test('nothing but the page is reachable through it', async () => {
  for (const url of ['/page/', '/page/index.html', '/page/../http/page.ts', '/page/%2e%2e/http/page.ts'])
    expect((await app.inject(url)).statusCode, url).toBe(404)
})
