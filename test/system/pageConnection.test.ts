import { describe, expect, test } from 'vitest'
import {
  chain,
  context,
  live,
  open,
  page,
  restart,
  row,
  server,
  shownIds,
  status,
  tile,
  untilComplete,
  useLivePage,
} from './livePage.ts'

useLivePage()

describe('the list', () => {
  test('resumes after a restart of the server without a gap or a duplicate', async () => {
    await open()
    await page.evaluate(() => Object.assign(window, { sameDocument: true }))
    await restart({}, async () => {
      await page.locator('#connection[data-state=lost]').waitFor()
      expect(await page.locator('#state').innerText()).toBe('Reconnecting')
      expect(await tile('Indexer').innerText()).toContain('not connected')
      await chain.createJobs(3)
    })
    const { jobId } = await chain.createJob()
    await row(jobId).waitFor({ timeout: 60_000 })
    await untilComplete()
    await live()
    expect(await tile('Indexer').innerText()).toContain('At head')
    expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true)
  })

  test('is read again if the server cannot resume: jobs are added, changed and struck out', async () => {
    const { jobId: changed } = await chain.createJob()
    await open()
    const { jobId } = await chain.createJob({ clientId: 4711n })
    await row(jobId).waitFor()
    await restart({ FEED_RETENTION: '0' }, async () => {
      await chain.reorg(1)
      await chain.createJobs(5, { clientId: 4712n })
      await chain.changeJob('expire', [BigInt(changed)])
    })
    await page.locator('#jobs tr.gone', { hasText: '4711' }).waitFor({ timeout: 60_000 })
    expect(await status(changed)).toBe('Expired')
    await untilComplete()
    // The feed is empty, and a page that is opened now shows later jobs too.
    await open()
    const later = await chain.createJob()
    await row(later.jobId).waitFor()
    await untilComplete()
  })

  test('that is paused keeps its rows if the server cannot resume, also if more jobs wait than a page holds', async () => {
    await open()
    const shown = await shownIds()
    await page.getByRole('button', { name: 'Pause' }).click()
    await chain.createJobs(120)
    await page.getByRole('button', { name: '120 more jobs' }).waitFor()
    await restart({ FEED_RETENTION: '0' }, async () => {
      await chain.createJobs(3)
    })
    await page.getByRole('button', { name: '123 more jobs' }).waitFor({ timeout: 60_000 })
    expect(await shownIds()).toEqual(shown)
    await page.getByRole('button', { name: 'Resume' }).click()
    await untilComplete()
  })

  test('says at once that the browser is offline, and resumes once it is online', async () => {
    await open()
    await context.setOffline(true)
    await page.locator('#state', { hasText: 'Offline' }).waitFor({ timeout: 2000 })
    expect(await tile('Indexer').innerText()).toContain('not connected')
    await context.setOffline(false)
    await live()
    const { jobId } = await chain.createJob()
    await row(jobId).waitFor()
    await untilComplete()
  })

  test('says that the server does not answer before a ping is late', async () => {
    await open()
    await page.route('**/api/v1/stats', () => {})
    // After an event the statistics are read again. A request fails after 15 s.
    await chain.createJob()
    await page.locator('#connection[data-state=stale]').waitFor({ timeout: 23_000 })
    expect(await page.locator('#state').innerText()).toMatch(/^No answer for \d+ s$/)
    expect(await tile('Indexer').innerText()).toContain('not connected')
    await chain.createJob()
    await live()
  })

  test('reconnects after error responses', async () => {
    let refusals = 0
    await page.route('**/api/v1/events*', (route) => {
      refusals += 1
      return refusals > 2 ? route.continue() : route.fulfill({ status: 502, body: 'bad gateway' })
    })
    await page.goto(server.url)
    await page.locator('#connection[data-state=lost]').waitFor()
    await live()
    expect(refusals).toBe(3)
  })

  test('ends, and the page says what is needed, if the server now requires a key', async () => {
    await open()
    await restart({ API_KEYS: 'a-key-of-this-test' })
    await page.locator('#connection[data-state=stopped]').waitFor({ timeout: 60_000 })
    expect(await page.locator('#problem').innerText()).toContain('This server requires an API key')
  })

  test('gives the reason and the delay of each refusal', async () => {
    const refusals = [
      { reason: 'draining', retryAfter: 15 },
      { reason: 'full', retryAfter: 50 },
    ]
    await page.route('**/api/v1/events*', (route) => {
      const refusal = refusals.shift()
      const body = `retry: 3000\nevent: unavailable\ndata: ${JSON.stringify(refusal)}\n\n`
      return refusal ? route.fulfill({ contentType: 'text/event-stream', body }) : route.continue()
    })
    await page.goto(server.url)
    const state = page.locator('#state')
    await state.getByText(/^Server restarting, retrying in 1\d s$/).waitFor()
    await state.getByText(/^Server busy, retrying in [45]\d s$/).waitFor()
    await live()
  })
})
