import { describe, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import {
  chain,
  gone,
  live,
  newContext,
  open,
  page,
  row,
  server,
  shownIds,
  total,
  untilComplete,
  useLivePage,
} from './livePage.ts'

useLivePage()

describe('the filters', () => {
  test("are the API's own, apply while one types, and are part of the address", async () => {
    await chain.createJob({ strategyType: 1 })
    await open()
    await page.getByRole('checkbox', { name: 'Program' }).check()
    await page.getByRole('textbox', { name: 'Minimum budget' }).pressSequentially('250')
    await until(async () => new URL(page.url()).search === '?strategyType=PROGRAM&minBudget=250')
    await chain.createJob({ strategyType: 0, budget: 10_000_000n })
    await chain.createJob({ strategyType: 2, budget: 900_000_000n })
    const { jobId } = await chain.createJob({ strategyType: 0, budget: 900_000_000n })
    await row(jobId).waitFor()
    await untilComplete('&strategyType=PROGRAM&minBudget=250')
    expect(await total()).toContain('match')
    expect(await page.locator('#scope').innerText()).toContain('match')
    await page.getByText('These figures and the shares count all jobs').waitFor()
    await page.getByText('7 days', { exact: true }).click()
    expect(await page.locator('#scope').innerText()).toContain('filters do not apply')

    // The code is for the same filters as the list.
    await page.getByRole('tab', { name: 'curl' }).click()
    expect(await page.getByRole('tabpanel').innerText()).toBe(
      `curl -N '${server.url}/api/v1/events?strategyType=PROGRAM&minBudget=250'`,
    )
    await page.getByRole('tab', { name: 'Client' }).click()
    expect(await page.getByRole('tabpanel').innerText()).toContain("strategyType: ['PROGRAM'],")

    await page.reload()
    await live()
    expect(await page.getByRole('checkbox', { name: 'Program' }).isChecked()).toBe(true)
    await untilComplete('&strategyType=PROGRAM&minBudget=250')
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await untilComplete()
    await page.goBack()
    await untilComplete('&strategyType=PROGRAM&minBudget=250')
    // A participant in the list is a link that filters.
    await row(jobId).getByRole('link', { name: '1', exact: true }).click()
    await until(async () => new URL(page.url()).searchParams.get('clientId') === '1')
  })

  test('show the earlier filters in every field after Back, also in the one with the focus', async () => {
    await open()
    const field = page.getByRole('textbox', { name: 'Minimum budget' })
    await field.pressSequentially('250')
    await untilComplete('&minBudget=250')
    await page.goBack()
    await untilComplete()
    expect(await field.inputValue()).toBe('')
    await page.getByRole('checkbox', { name: 'Program' }).check()
    await until(async () => new URL(page.url()).search === '?strategyType=PROGRAM')
  })

  test('strike out a job that no longer matches, and add one that does', async () => {
    const { jobId } = await chain.createJob()
    await open('/?status=OPEN')
    await row(jobId).waitFor()
    await chain.changeJob('fund', [BigInt(jobId), 1n, 100n])
    await gone(jobId).waitFor()
    expect(await gone(jobId).innerText()).toContain('no match')
    await gone(jobId).waitFor({ state: 'detached' })
    await untilComplete('&status=OPEN')
    await page.getByRole('checkbox', { name: 'Open' }).uncheck()
    await page.getByRole('checkbox', { name: 'Submitted' }).check()
    await page.getByText('No job matches these filters').waitFor()
    await chain.changeJob('submit', [BigInt(jobId), 2n, `0x${'22'.repeat(32)}`])
    await row(jobId).waitFor()
    await untilComplete('&status=SUBMITTED')
    await chain.changeJob('complete', [BigInt(jobId), 3n, `0x${'33'.repeat(32)}`])
    await gone(jobId).waitFor()
  })

  test("show the API's message beside the field and keep the list", async () => {
    await open()
    const before = (await shownIds()).slice(0, 20)
    const field = page.getByRole('textbox', { name: 'Minimum budget' })
    await field.pressSequentially('lots')
    const message = page.locator('#problem-minBudget')
    await message.waitFor()
    const refusal = await (await fetch(`${server.url}/api/v1/jobs?minBudget=lots`)).json()
    expect(await message.innerText()).toBe(refusal.error.message)
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    expect(await field.getAttribute('aria-describedby')).toBe('problem-minBudget')
    expect((await shownIds()).slice(0, 20)).toEqual(before)
    await field.fill('1')
    await message.waitFor({ state: 'hidden' })
    await until(async () => new URL(page.url()).search === '?minBudget=1')
  })

  test('that are invalid in the address each have a message beside their field', async () => {
    await page.goto(`${server.url}/?minBudget=lots&status=BOGUS&participant=x`)
    for (const name of ['minBudget', 'status', 'participant'])
      await page.locator(`#problem-${name}`, { hasText: new RegExp(`^${name} takes`) }).waitFor()
    await page.getByText('No jobs are shown').waitFor()
    await page.getByRole('checkbox', { name: 'Bogus' }).click()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await live()
    await untilComplete()
  })

  test('stay folded on a phone if the address has filters, of which the page says how many', async () => {
    await newContext({ viewport: { width: 390, height: 844 } })
    await open('/?minBudget=5')
    await page.locator('summary', { hasText: '1 set' }).waitFor()
    await untilComplete('&minBudget=5')
    expect(await page.getByRole('textbox', { name: 'Minimum budget' }).isVisible()).toBe(false)
  })

  test('are open again if a phone is turned to a wide screen', async () => {
    await newContext({ viewport: { width: 390, height: 844 } })
    await open()
    const field = page.getByRole('textbox', { name: 'Minimum budget' })
    expect(await field.isVisible()).toBe(false)
    await page.setViewportSize({ width: 844, height: 390 })
    await field.waitFor()
  })

  test('in another order or notation are no further entry of the browser’s history', async () => {
    await open('/?status=OPEN')
    await open('/?minBudget=1&status=OPEN%2CFUNDED')
    await page.goBack()
    await untilComplete('&status=OPEN')
    expect(new URL(page.url()).search).toBe('?status=OPEN')
    await page.goForward()
    await untilComplete('&minBudget=1&status=OPEN,FUNDED')
  })

  test('are set by the search box, which also finds a job by its id or transaction', async () => {
    const { jobId, transactionHash } = await chain.createJob({ clientId: 31_337n })
    await chain.createJob({ clientId: 31_337n })
    await open()
    const search = page.getByRole('searchbox')
    await search.fill(transactionHash)
    await page
      .getByRole('search')
      .getByRole('link', { name: `Job #${jobId}` })
      .waitFor()
    await search.fill('31337')
    await page.getByRole('button', { name: '2 jobs of participant 31337' }).click()
    await untilComplete('&participant=31337')
    await search.fill(jobId)
    await search.press('Enter')
    await page.getByRole('heading', { name: `Job #${jobId}` }).waitFor()
  })
})
