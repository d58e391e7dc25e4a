import { describe, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { chain, open, page, server, tile, useLivePage } from './livePage.ts'

useLivePage()

describe('the figures', () => {
  test('count and draw the indexed jobs', async () => {
    const { jobId } = await chain.createJob({ strategyType: 0 })
    await chain.changeJob('expire', [BigInt(jobId)])
    await open()
    const figure = (name: string) => tile(name).locator('dd').innerText()
    await until(
      async () => {
        const { data } = await (await fetch(`${server.url}/api/v1/stats`)).json()
        const openJobs = data.byStatus.find((each: { status: string }) => each.status === 'OPEN').jobs
        const expected = [data.totalJobs, openJobs].map((number) => number.toLocaleString('en'))
        return (
          JSON.stringify([await figure('All jobs'), await figure('Open now')]) === JSON.stringify(expected)
        )
      },
      { message: 'the tiles agree with the API' },
    )
    await page.getByRole('img', { name: /^Jobs per minute: [1-9]/ }).waitFor()
    const bars = page.locator('#jobs-figure path[data-tone="0"]')
    await until(async () => (await bars.getAttribute('d')) !== '', { message: 'bars of Program' })
    expect(await bars.evaluate((path) => getComputedStyle(path).fill)).toBe('rgb(76, 95, 213)')
    await page.getByText('7 days', { exact: true }).click()
    await page.getByRole('img', { name: /^Budget per 3 hours: [1-9]/ }).waitFor()
    expect(await page.locator('#by-choice tbody tr').first().innerText()).toMatch(/^Program\s+[1-9]/)
    expect(await page.locator('#by-status tbody tr', { hasText: 'Expired' }).innerText()).toMatch(/[1-9]/)
  })

  test('are in a column that sticks at its end, also after the height of the window has changed', async () => {
    await open()
    await page.setViewportSize({ width: 1440, height: 400 })
    const spaceBelow = () =>
      page
        .locator('aside')
        .evaluate(
          (aside) => innerHeight - aside.clientHeight - Number.parseFloat(getComputedStyle(aside).top),
        )
    await until(async () => (await spaceBelow()) === 24, { message: 'the end of the column is visible' })
  })

  test('say that the indexer is stale, and why', async () => {
    const reason = 'no indexer has had an answer from the chain for 75 s'
    await page.route('**/ready', (route) =>
      route.fulfill({ status: 503, json: { status: 'not ready', reason } }),
    )
    await open()
    await page.locator('#stats', { hasText: reason }).waitFor()
    expect(await tile('Indexer').innerText()).toContain('Stale')
  })
})
