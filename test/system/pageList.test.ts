import { describe, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import {
  chain,
  context,
  gone,
  historyIds,
  now,
  open,
  page,
  row,
  rows,
  shownIds,
  status,
  untilComplete,
  useLivePage,
} from './livePage.ts'

/** Most rows in the document, however long the list is. */
const MOST_ROWS = 250

useLivePage()

describe('the list', () => {
  test('shows a new job as soon as it is on the chain, with the fields of the definition', async () => {
    await open()
    const deadline = now() + 6 * 86_400
    const { jobId, transactionHash } = await chain.createJob({
      clientId: 7n,
      budget: 1_234_500_000n,
      deadline: BigInt(deadline),
      strategyType: 3,
      verificationLevel: 2,
    })
    await row(jobId).waitFor()
    expect(await rows().first().textContent()).toContain(`#${jobId}`)
    const heads = await page.locator('#jobs-table thead th').allInnerTexts()
    const cells = await row(jobId).locator('th, td').allInnerTexts()
    const shown = Object.fromEntries(heads.map((name, i) => [name, cells[i]?.trim()]))
    expect(shown).toMatchObject({
      Job: `#${jobId}`,
      Status: 'Open',
      Created: expect.stringMatching(/now|ago/),
      Client: '7',
      'Strategy type': 'Cex capital',
      'Budget, USDC': '1,234.50',
      Deadline: expect.stringMatching(/^\d+ \w+, \d\d:\d\d$/),
      Transaction: `${transactionHash.slice(0, 6)}…${transactionHash.slice(-4)}`,
    })
    const time = row(jobId).locator('td.time time')
    expect(await time.getAttribute('datetime')).toBe(new Date(deadline * 1000).toISOString())
    expect(Number((await page.locator('#block').innerText()).replaceAll(',', ''))).toBeGreaterThan(0)
  })

  test('updates a job in its place', async () => {
    const { jobId } = await chain.createJob()
    await chain.createJob()
    await open()
    const place = (await shownIds()).indexOf(jobId)
    await chain.changeJob('setProvider', [BigInt(jobId), 4242n])
    await chain.changeJob('fund', [BigInt(jobId), 1n, 100n])
    await until(async () => (await status(jobId)) === 'Funded', { message: 'the badge is up to date' })
    expect(await row(jobId).getAttribute('class')).toContain('changed')
    expect((await shownIds()).indexOf(jobId)).toBe(place)
    await chain.changeJob('reject', [BigInt(jobId), 3n, `0x${'00'.repeat(32)}`])
    await until(async () => (await status(jobId)) === 'Rejected', { message: 'the badge is up to date' })
    await untilComplete()
  })

  test('shows an unknown value and the greatest uint256', async () => {
    await open()
    const most = 2n ** 256n - 1n
    const { jobId } = await chain.createJob({
      clientId: most,
      budget: most,
      deadline: most,
      strategyType: 9,
      verificationLevel: 200,
    })
    await row(jobId).waitFor()
    expect(await row(jobId).innerText()).toContain('UNKNOWN_9')
    expect(await row(jobId).innerText()).toContain('far future')
    expect(await row(jobId).innerText()).toContain('1.15e71')
    // Its bar does not flatten all others.
    await page.locator('#amount-figure .note', { hasText: 'the highest is 1.15e71 USDC' }).waitFor()
  })

  test('strikes out a job that a reorg removed, and drops it later', async () => {
    await open()
    const { jobId } = await chain.createJob({ clientId: 666n })
    await row(jobId).waitFor()
    await chain.reorg(1)
    await chain.mine()
    await gone(jobId).waitFor()
    expect(await gone(jobId).innerText()).toContain('removed')
    const struck = gone(jobId).locator('data')
    expect(await struck.evaluate((e) => getComputedStyle(e).textDecorationLine)).toBe('line-through')
    // The chain gives the same id again.
    const again = await chain.createJob({ clientId: 667n })
    expect(again.jobId).toBe(jobId)
    await row(jobId).waitFor()
    await untilComplete()
    await gone(jobId).waitFor({ state: 'detached' })
  })

  test('loads the whole history by scrolling, with a bounded number of rows', async () => {
    await open()
    await chain.createJobs(700, { clientId: 9n })
    await until(async () => (await historyIds()).length > 700, { message: 'all are indexed' })
    await untilComplete()
    expect(await rows().count()).toBeLessThanOrEqual(MOST_ROWS)
    // Down to the first job, although many jobs share a block.
    const seen = new Set<string>()
    await until(
      async () => {
        for (const id of await shownIds()) seen.add(id)
        await page.evaluate(() => scrollBy(0, 1500))
        const isDown = await page.evaluate(() => scrollY + innerHeight >= document.body.scrollHeight - 2)
        return isDown && page.locator('#end').isVisible()
      },
      { message: 'the end of the history', timeout: 60_000, intervalMs: 100 },
    )
    const all = await historyIds()
    expect((await shownIds()).at(-1)).toBe(all.at(-1))
    expect(all.filter((id) => !seen.has(id) && id !== all.at(-1))).toEqual([])
    expect(await rows().count()).toBeLessThanOrEqual(MOST_ROWS)

    // While the list's beginning is above the screen, more jobs wait.
    const before = await page.evaluate(() => document.body.scrollHeight)
    const { jobId } = await chain.createJob()
    const waiting = page.getByRole('button', { name: '1 more job' })
    await waiting.waitFor()
    expect(await page.evaluate(() => document.body.scrollHeight)).toBe(before)
    const [bar, pill] = [await page.locator('header').boundingBox(), await waiting.boundingBox()]
    expect((pill?.y ?? 0) + (pill?.height ?? 0)).toBeLessThanOrEqual((bar?.y ?? 0) + (bar?.height ?? 0))
    await waiting.click()
    await row(jobId).waitFor()
    expect(await rows().first().innerText()).toContain(`#${jobId}`)
  })

  test('can be paused and resumed', async () => {
    await open()
    await page.getByRole('button', { name: 'Pause' }).click()
    const { jobId } = await chain.createJob()
    await page.getByRole('button', { name: '1 more job' }).waitFor()
    expect(await row(jobId).count()).toBe(0)
    await page.getByRole('button', { name: 'Resume' }).click()
    await row(jobId).waitFor()
    await page.getByRole('button', { name: 'Pause' }).waitFor()
  })

  test('is one tab stop, and the arrow keys move within it', async () => {
    await chain.createJobs(3)
    await open()
    const stops = page.locator('#jobs a:not([tabindex="-1"]), #jobs button:not([tabindex="-1"])')
    await until(async () => (await stops.allInnerTexts()).join() === `#${(await shownIds())[0]}`, {
      message: 'the newest job is the tab stop',
    })
    const focused = () => page.evaluate(() => document.activeElement?.textContent)
    const [first, second] = await shownIds()
    await row(first as string)
      .getByRole('link', { name: `#${first}` })
      .focus()
    await page.keyboard.press('ArrowDown')
    expect(await focused()).toBe(`#${second}`)
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toContain('Copy')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    // One key leaves the table, and one returns to the same row.
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Shift+Tab')
    expect(await page.evaluate(() => document.activeElement?.closest('#jobs'))).toBeNull()
    await page.keyboard.press('Tab')
    expect(await focused()).toBe(`#${second}`)
    await page.keyboard.press('ArrowUp')
    // A row that changes keeps the focus.
    await chain.changeJob('fund', [BigInt(first as string), 1n, 100n])
    await until(async () => (await status(first as string)) === 'Funded', { message: 'the row changed' })
    expect(await focused()).toBe(`#${first}`)
    expect(await stops.allInnerTexts()).toEqual([`#${first}`])
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: `Job #${first}` }).waitFor()
  })

  test('shows HTML in a title as text', async () => {
    await chain.createJob()
    const title = '<img src=x onerror="document.title=\'owned\'"><b>bold</b>'
    // A title does not come from the chain, so it may contain anything.
    await page.route('**/api/v1/jobs?*', async (route) => {
      const response = await route.fetch()
      const body = await response.json()
      for (const job of body.data) Object.assign(job, { title, description: title })
      await route.fulfill({ response, json: body })
    })
    await page.setViewportSize({ width: 2000, height: 900 })
    await open()
    expect(await page.locator('#jobs td.text').first().innerText()).toBe(title)
    expect(await page.locator('#jobs img, #jobs b').count()).toBe(0)
    expect(await page.title()).toBe('Jobcast')
    // A request may still be under way.
    await page.unrouteAll({ behavior: 'ignoreErrors' })
  })

  test('copies a transaction hash and says so', async () => {
    const { jobId, transactionHash } = await chain.createJob()
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await open()
    await row(jobId)
      .getByRole('button', { name: /^Copy transaction hash/ })
      .focus()
    await page.keyboard.press('Enter')
    const announcer = page.locator('#announcer')
    await until(async () => (await announcer.innerText()) === `transaction hash of job ${jobId} copied`)
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(transactionHash)
  })
})
