import fastify from 'fastify'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { addCaching } from '../../src/http/caching.ts'
import { pages } from '../../src/http/pages.ts'
import { openRaw, parseAnswer } from '../helpers/rawHttp.ts'

const app = fastify({ routerOptions: { ignoreTrailingSlash: true } })
addCaching(app, true)
app.register(pages)
afterAll(() => app.close())

test.each(['/', '/jobs/42'])('%s allows scripts and styles of its own origin only', async (url) => {
  const response = await app.inject(url)
  expect(response.statusCode).toBe(200)
  expect(response.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(response.headers['content-security-policy']).toBe(
    "default-src 'none';script-src 'self';style-src 'self';connect-src 'self';img-src 'self' data:;base-uri 'none';form-action 'none';frame-ancestors 'none'",
  )
  expect(response.headers['referrer-policy']).toBe('no-referrer')
  // The policy blocks these without an error.
  expect(response.body).not.toMatch(/\sstyle=|<style|\son[a-z]+=|<script(?![^>]*src)/)
})

test('every file that the pages and their modules refer to is served, with its content type', async () => {
  const types: Record<string, string> = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }
  const seen = new Set<string>()
  const visit = async (url: string): Promise<void> => {
    if (seen.has(url)) return
    seen.add(url)
    const { statusCode, headers, body } = await app.inject(url)
    expect(statusCode, url).toBe(200)
    const type = types[url.split('.').at(-1) ?? '']
    if (type !== undefined) expect(headers['content-type'], url).toContain(type)
    for (const [, found] of body.matchAll(/(?:src|href)="(?:\.\.\/)?(page\/[^"]+)"/g))
      await visit(`/${found}`)
    if (type === types.js)
      for (const [, found] of body.matchAll(/from '\.\/([^']+)'/g)) await visit(`/page/${found}`)
  }
  await visit('/')
  await visit('/jobs/42')
  expect([...seen]).toEqual(expect.arrayContaining(['/page/main.js', '/page/stream.js', '/page/job.js']))
})

test('the link preview of a job has its id, and text that is not an id does not get into the page', async () => {
  const { body } = await app.inject('/jobs/42')
  expect(body).toContain('<meta property="og:title" content="Job 42">')
  expect(body).toContain('<title>Job 42 – Jobcast</title>')
  for (const id of ['%22%3E%3Cscript%3E', "a'b", '$&', '1'.repeat(90)]) {
    const odd = await app.inject(`/jobs/${id}`)
    expect(odd.statusCode, id).toBe(200)
    expect(odd.body, id).toContain('<title>Job  – Jobcast</title>')
  }
})

test("a job's page has one address: its links are relative to it", async () => {
  const { statusCode, headers } = await app.inject('/jobs/42/?api_key=k')
  expect(statusCode).toBe(302)
  expect(headers.location).toBe('../42?api_key=k')
})

test('a copy that is still fresh is not sent again', async () => {
  for (const url of ['/page/main.js', '/jobs/42']) {
    const first = await app.inject(url)
    const etag = String(first.headers.etag)
    expect(first.headers['cache-control']).toBe('no-cache')
    for (const known of [etag, `"other", ${etag}`, etag.replace('W/', '')]) {
      const again = await app.inject({ url, headers: { 'if-none-match': known } })
      expect(again.statusCode, known).toBe(304)
      expect(again.body).toBe('')
    }
    const stale = await app.inject({ url, headers: { 'if-none-match': '"older"' } })
    expect(stale.statusCode).toBe(200)
  }
})

test('the routes of the page serve no other file', async () => {
  for (const url of ['/page/', '/page/index.html', '/page/job.html', '/page/..%2fhttp%2fpages.ts'])
    expect((await app.inject(url)).statusCode, url).toBe(404)
})

// `inject` and `fetch` resolve such a path before they send it.
test('a path that leaves the folder of the page is not served', async () => {
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  for (const path of ['/page/../http/pages.ts', '/page/%2e%2e/http/pages.ts']) {
    const connection = await openRaw(url)
    onTestFinished(() => connection.close())
    connection.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect(parseAnswer(await connection.until('\r\n\r\n')).status, path).toBe(404)
  }
})
