import { expect, test } from 'vitest'
import { chain, page, server, useLivePage } from './livePage.ts'

useLivePage()

test('the API reference sends its examples as they are, and shows the stream as code', async () => {
  await chain.createJob()
  const elsewhere: string[] = []
  page.on(
    'request',
    (request) => void (request.url().startsWith(server.url) || elsewhere.push(request.url())),
  )
  await page.goto(`${server.url}/docs`)
  await page.locator('#getMetrics').waitFor()
  const routes = ['listJobs', 'getJob', 'getConfig', 'getStats', 'getHealth', 'getReady', 'getMetrics']
  for (const route of routes) {
    await page.locator(`#${route} .send`).click()
    await expect.poll(() => page.locator(`#${route} .status`).textContent()).toMatch(/^200 /)
  }
  await page.locator('#listJobs-limit').fill('1')
  await page.locator('#listJobs-status').fill('OPEN')
  expect(await page.locator('#listJobs .output code').first().textContent()).toBe(
    `curl '${server.url}/api/v1/jobs?status=OPEN&limit=1'`,
  )
  await page.locator('#listJobs-limit').fill('1000')
  await page.locator('#listJobs .send').click()
  await expect.poll(() => page.locator('#listJobs .status').textContent()).toMatch(/^400 /)

  expect(await page.locator('#streamEvents .send').count()).toBe(0)
  await page.locator('#streamEvents-status').fill('OPEN')
  const code = await page.locator('#streamEvents .output code').allTextContents()
  expect(code[0]).toContain(`new EventSource(\n  '${server.url}/api/v1/events?status=OPEN',\n)`)
  expect(code[1]).toBe(`curl -N '${server.url}/api/v1/events?status=OPEN'`)
  expect(elsewhere).toEqual([])
})
