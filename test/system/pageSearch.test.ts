import type { Route } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Job } from '../../src/contract/job.ts'
import { until } from '../helpers/until.ts'
import { chain, history, historyIds, open, page, useLivePage } from './livePage.ts'

useLivePage()

// The test that stops the search does so after 400 jobs and looks for an older one.
beforeAll(async () => {
  await chain.createJobs(700)
  await until(async () => (await historyIds()).length > 700, { message: 'all are indexed' })
})

test('a search for what cannot be an id finds nothing', async () => {
  await open()
  for (const text of ['.', '..', '%2E', '/', 'nonsense']) {
    await page.getByRole('searchbox').fill(text)
    await page.locator('#search-results').getByText(`Nothing found for “${text}”.`).waitFor()
  }
})

describe('a transaction that is not among the jobs in the list', () => {
  /** No job matches the filter, so the list is empty. */
  const search = async (hash: string): Promise<void> => {
    await open('/?clientId=123456789')
    await page.getByRole('searchbox').fill(hash)
  }
  const results = () => page.locator('#search-results')

  test('is searched for in the history, page by page', async () => {
    const first = (await history()).at(-1) as Job
    await search(first.creationTxHash.toUpperCase().replace('X', 'x'))
    await page
      .getByRole('search')
      .getByRole('link', { name: `Job #${first.jobId}`, exact: true })
      .waitFor()
    await search(`0x${'00'.repeat(32)}`)
    const all = (await historyIds()).length.toLocaleString('en')
    await results().getByText(`None of the ${all} jobs was created by this transaction.`).waitFor()
  })

  test('is searched for until the reader stops; the page says how far the search went', async () => {
    const isCursorPage = ({ pathname, searchParams }: URL) =>
      pathname.endsWith('/jobs') && searchParams.has('cursor')
    const held: Route[] = []
    let pages = 0
    await page.route(isCursorPage, async (route) => {
      pages += 1
      if (pages > 2) held.push(route)
      else await route.continue()
    })
    const jobs = await history()
    const first = jobs.at(-1) as Job
    await search(first.creationTxHash)
    await results().getByText('Searching: 300 of').waitFor()
    await results().getByRole('button', { name: 'Stop' }).click()
    // The page that is under way still arrives.
    await until(() => held.length === 1)
    await held[0]?.continue()
    await results()
      .getByText(/^Not found in the newest 400 of/)
      .waitFor()
    const text = await results().innerText()
    const block = Number(jobs[399]?.blockNumber).toLocaleString('en')
    expect(text).toContain(`of ${jobs.length.toLocaleString('en')} jobs, back to block ${block}.`)
    await page.unrouteAll({ behavior: 'ignoreErrors' })
    await results().getByRole('button', { name: 'Continue' }).click()
    await results()
      .getByRole('link', { name: `Job #${first.jobId}`, exact: true })
      .waitFor()
  })
})
