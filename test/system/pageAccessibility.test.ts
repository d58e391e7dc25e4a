import axe from 'axe-core'
import { expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { chain, context, newContext, open, page, row, server, useLivePage } from './livePage.ts'

useLivePage()

test.each([320, 390, 834, 1280, 1920])('nothing is wider than a screen of %i px', async (width) => {
  const { jobId } = await chain.createJob({ clientId: 2n ** 256n - 1n, budget: 2n ** 255n, strategyType: 9 })
  await newContext({ viewport: { width, height: 800 } })
  await open()
  await row(jobId).waitFor()
  await page.locator('#use').evaluate((details: HTMLDetailsElement) => {
    details.open = true
  })
  const pageWidth = () => page.evaluate(() => document.documentElement.scrollWidth)
  expect(await pageWidth()).toBeLessThanOrEqual(width)
  // No column is cut off either.
  const isCut = () =>
    page.evaluate(() => {
      const table = document.getElementById('jobs-table') as HTMLElement
      return table.scrollWidth > (table.parentElement as HTMLElement).clientWidth
    })
  await until(async () => !(await isCut()), { message: 'all columns are in the page' })
  await open(`/jobs/${jobId}`)
  await page.locator('#lifecycle li').first().waitFor()
  expect(await pageWidth()).toBeLessThanOrEqual(width)
})

test('a screen reader finds landmarks, a table and a name for every control, on a phone as on a desktop', async () => {
  for (const width of [1440, 390]) {
    await newContext({ viewport: { width, height: 800 } })
    await open()
    for (const role of ['banner', 'main', 'complementary', 'search'] as const)
      expect(await page.getByRole(role).count(), role).toBe(1)
    const table = page.getByRole('table', { name: 'Jobs' })
    const columns = await table.getByRole('columnheader').count()
    expect(columns).toBeGreaterThan(6)
    expect(await table.getByRole('row').nth(1).getByRole('rowheader').count()).toBe(1)
    const session = await context.newCDPSession(page)
    const { nodes } = await session.send('Accessibility.getFullAXTree')
    const controls = ['button', 'link', 'textbox', 'checkbox', 'radio', 'tab', 'image', 'table']
    const nameless = nodes.filter(
      (node) => !node.ignored && controls.includes(node.role?.value) && !node.name?.value?.trim(),
    )
    expect(nameless).toEqual([])
  }
})

test.each(['light', 'dark'] as const)(
  'axe finds no violation in any state of the pages (%s)',
  async (colorScheme) => {
    const { jobId } = await chain.createJob()
    await chain.changeJob('fund', [BigInt(jobId), 1n, 100n])
    for (const width of [1440, 390]) {
      // Without animations, whose intermediate colours axe would judge too.
      await newContext({ colorScheme, reducedMotion: 'reduce', viewport: { width, height: 800 } })
      await open()
      await row(jobId).waitFor()
      expect(await violationsOnPage(), 'the list').toEqual([])
      await page.goto(`${server.url}/?minBudget=lots`)
      await page.locator('#problem-minBudget').waitFor()
      expect(await violationsOnPage(), 'a filter that is refused').toEqual([])
      await open('/?clientId=123456789')
      await page.getByText('No job matches').waitFor()
      expect(await violationsOnPage(), 'an empty list').toEqual([])
      await open(`/jobs/${jobId}`)
      await page.locator('#lifecycle li').nth(1).waitFor()
      expect(await violationsOnPage(), 'a job').toEqual([])
      await page.goto(`${server.url}/docs`)
      await page.locator('#getMetrics').waitFor()
      expect(await violationsOnPage(), 'the API reference').toEqual([])
    }
  },
)

/** The violations that axe-core finds in the page. */
async function violationsOnPage(): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run())
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(' ')}`)
}

test('nothing moves if the reader prefers reduced motion', async () => {
  await newContext({ reducedMotion: 'reduce' })
  await open()
  const { jobId } = await chain.createJob()
  await row(jobId).waitFor()
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
})
