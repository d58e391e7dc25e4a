import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Job } from '../../src/contract/job.ts'
import { freePort } from '../../src/devnet/freePort.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { type JobcastProcess, startProcess } from '../helpers/process.ts'
import { tempDir } from '../helpers/tempDir.ts'
import { until } from '../helpers/until.ts'

const liveLimit = 500
const desktop = { width: 1280, height: 900 }

let browser: Browser
let chain: TestChain
let dir: Awaited<ReturnType<typeof tempDir>>
let port: string
let server: JobcastProcess
let context: BrowserContext
let page: Page
/** What a page must never do: write an error to the console, throw, or run into its own policy. */
let complaints: string[]

const start = (env: Record<string, string> = {}) =>
  startProcess({
    env: {
      RPC_URL: chain.url,
      CONTRACT_ADDRESS: chain.address,
      DATA_DIR: dir.path,
      POLL_INTERVAL_MS: '50',
      RATE_LIMIT: '0',
      PORT: port,
      ...env,
    },
  })

async function restart(env: Record<string, string> = {}, meanwhile = async () => {}): Promise<void> {
  await server.stop()
  await meanwhile()
  server = await start(env)
  await server.untilReady('/ready')
}

beforeAll(async () => {
  ;[browser, chain, dir, port] = await Promise.all([
    chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-background-networking'],
    }),
    startChain(),
    tempDir(),
    freePort().then(String),
  ])
  server = await start()
  await server.untilReady('/ready')
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await chain?.stop()
  await dir?.remove()
})

beforeEach(async () => {
  complaints = []
  await newContext()
})

afterEach(async () => {
  await context.close()
  // The one thing a browser reports by itself that is no fault of a page: a server that is away, or refuses.
  expect(complaints.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([])
})

async function newContext(options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
  await context?.close()
  context = await browser.newContext({ viewport: desktop, ...options })
  page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('response', (response) => {
    if (response.status() >= 400 && !response.url().includes('/api/')) complaints.push(response.url())
  })
  page.on('pageerror', (error) => complaints.push(String(error.stack)))
}

async function open(path = '/'): Promise<void> {
  await page.goto(server.url + path)
  await live()
}

const live = () => page.locator('#connection[data-state=live]').waitFor()
const row = (jobId: string) =>
  page.locator('#jobs tr', { has: page.getByRole('link', { name: `#${jobId}`, exact: true }) })
const filterMessage = () => page.locator('#filter-message')

/** The ids shown, in their order, without those struck out. */
const shownIds = () =>
  page
    .locator('#jobs tr:not(.removed) a[data-field=id]')
    .evaluateAll((links) => links.map((a) => a.textContent?.slice(1)))

async function history(query = ''): Promise<Job[]> {
  const jobs: Job[] = []
  for (let cursor = ''; ; ) {
    const response = await fetch(`${server.url}/api/v1/jobs?limit=100${query}${cursor}`)
    const body = (await response.json()) as { data: Job[]; pagination: { next: string | null } }
    jobs.push(...body.data)
    if (body.pagination.next === null) return jobs
    cursor = `&cursor=${encodeURIComponent(body.pagination.next)}`
  }
}

const historyIds = async (query = '') => (await history(query)).map((job) => job.jobId)

/** Waits until the page shows exactly the newest of the API's history, each once. */
async function untilComplete(query = ''): Promise<void> {
  await until(
    async () => {
      const [shown, all] = [await shownIds(), await historyIds(query)]
      return shown.length > 0 && JSON.stringify(shown) === JSON.stringify(all.slice(0, shown.length))
    },
    { message: 'the page shows the newest jobs, each once' },
  )
}

test('a job appears the moment it is on the chain, with everything about it', async () => {
  await open()
  const now = Math.floor(Date.now() / 1000)
  const { jobId, transactionHash } = await chain.createJob({
    clientId: 7n,
    budget: 1_234_500_000n,
    deadline: BigInt(now + 6 * 86_400 + 60),
    strategyType: 3,
    verificationLevel: 2,
  })
  await row(jobId).waitFor()
  expect(await page.locator('#jobs tr').first().textContent()).toContain(`#${jobId}`)
  const cells = await row(jobId).getByRole('cell').allInnerTexts()
  expect(cells.map((text) => text.trim())).toEqual([
    expect.stringMatching(/now|ago/),
    'CEX capital',
    'L1',
    '1,234.50',
    'in 6 days',
    '7',
    `${transactionHash.slice(0, 6)}…${transactionHash.slice(-4)}`,
  ])
  const deadline = row(jobId).locator('time[data-field=deadline]')
  expect(await deadline.getAttribute('datetime')).toBe(new Date((now + 6 * 86_400 + 60) * 1000).toISOString())
  // The exact time is there for the keyboard as well.
  await deadline.focus()
  expect(await deadline.evaluate((time) => getComputedStyle(time, '::after').content)).toContain(
    String(new Date((now + 6 * 86_400) * 1000).getFullYear()),
  )
  expect(Number((await page.locator('#head').innerText()).replaceAll(',', ''))).toBeGreaterThan(0)
})

test('a value of a newer contract and the greatest uint256 are shown as jobs like any other', async () => {
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
})

test("filters are the API's own, live in the address, and hold for history and stream", async () => {
  await chain.createJob({ strategyType: 1 })
  await open()
  await page.getByRole('checkbox', { name: 'Program' }).check({ force: true })
  await page.getByRole('textbox', { name: 'Least budget in USDC' }).fill('250')
  await page.keyboard.press('Enter')
  await live()
  expect(new URL(page.url()).search).toBe('?strategyType=PROGRAM&minBudget=250')
  await chain.createJob({ strategyType: 0, budget: 10_000_000n })
  await chain.createJob({ strategyType: 2, budget: 900_000_000n })
  const { jobId } = await chain.createJob({ strategyType: 0, budget: 900_000_000n })
  await row(jobId).waitFor()
  await untilComplete('&strategyType=PROGRAM&minBudget=250')

  // What a reader copies is what they see.
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
  // A client of the list is a filter too.
  await row(jobId).getByRole('link', { name: '1', exact: true }).click()
  expect(new URL(page.url()).searchParams.get('clientId')).toBe('1')
})

test("a bad filter shows the API's message beside its field", async () => {
  await page.goto(`${server.url}/?minBudget=lots`)
  await filterMessage().waitFor()
  const refusal = await (await fetch(`${server.url}/api/v1/jobs?minBudget=lots`)).json()
  expect(await filterMessage().innerText()).toBe(refusal.error.message)
  const field = page.getByRole('textbox', { name: 'Least budget in USDC' })
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  await field.fill('1')
  await page.keyboard.press('Enter')
  await live()
  expect(await filterMessage().isVisible()).toBe(false)
})

test('a job that a reorg took is struck out, and the jobs after it come on', async () => {
  await open()
  const { jobId } = await chain.createJob({ clientId: 666n })
  await row(jobId).waitFor()
  await chain.reorg(1)
  await chain.mine()
  await page.locator('#jobs tr.removed', { hasText: `#${jobId}` }).waitFor()
  const struck = page.locator('#jobs tr.removed').first()
  expect(await struck.innerText()).toContain('removed')
  expect(await struck.locator('data').evaluate((e) => getComputedStyle(e).textDecorationLine)).toBe(
    'line-through',
  )
  // The chain gives the same id again: the struck row stays beside it.
  const again = await chain.createJob({ clientId: 667n })
  expect(again.jobId).toBe(jobId)
  await page.locator('#jobs tr:not(.removed)', { hasText: '667' }).waitFor()
  await untilComplete()
})

test('a restart of the server is survived with nothing missing and nothing doubled', async () => {
  await open()
  await page.evaluate(() => Object.assign(window, { sameDocument: true }))
  await restart({}, async () => {
    await chain.createJobs(3)
  })
  const { jobId } = await chain.createJob()
  await row(jobId).waitFor({ timeout: 60_000 })
  await untilComplete()
  await live()
  expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true)
})

test('where the server cannot resume, history is read beside the stream: jobs come, others are struck out', async () => {
  await open()
  const { jobId } = await chain.createJob({ clientId: 4711n })
  await row(jobId).waitFor()
  await restart({ FEED_RETENTION: '0' }, async () => {
    await chain.reorg(1)
    await chain.createJobs(5, { clientId: 4712n })
  })
  await page.locator('#jobs tr.removed', { hasText: '4711' }).waitFor({ timeout: 60_000 })
  await untilComplete()
  // And again from the first moment on, by a page that never resumes.
  await open()
  const live = await chain.createJob()
  await row(live.jobId).waitFor()
  await untilComplete()
  await restart()
})

test('a page that lost its server for good answers comes back by itself', async () => {
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

test('the whole history is there by scrolling, and the page stays bounded while jobs pour in', async () => {
  await open()
  await chain.createJobs(liveLimit + 200, { clientId: 9n })
  const newest = (await historyIds())[0] as string
  await until(async () => (await historyIds()).length > liveLimit + 200, { message: 'all are indexed' })
  await row((await historyIds())[0] ?? newest).waitFor()
  expect(await page.locator('#jobs tr').count()).toBeLessThanOrEqual(liveLimit)
  await untilComplete()
  // Down to the first job ever, though many share a block.
  await until(
    async () => {
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
      return page.locator('#end').isVisible()
    },
    { message: 'the end of the history', timeout: 60_000 },
  )
  expect(await shownIds()).toEqual(await historyIds())

  // While the reader is down there, what is new waits.
  const before = await page.evaluate(() => document.body.scrollHeight)
  const { jobId } = await chain.createJob()
  const waiting = page.getByRole('button', { name: '1 new job' })
  await waiting.waitFor()
  expect(await page.evaluate(() => document.body.scrollHeight)).toBe(before)
  await waiting.click()
  await row(jobId).waitFor()
  expect(await page.locator('#jobs tr').first().innerText()).toContain(`#${jobId}`)
})

test('the list can be paused', async () => {
  await open()
  await page.getByRole('button', { name: 'Pause' }).click()
  const { jobId } = await chain.createJob()
  await page.getByRole('button', { name: '1 new job' }).waitFor()
  expect(await row(jobId).count()).toBe(0)
  await page.getByRole('button', { name: 'Pause' }).click()
  await row(jobId).waitFor()
})

test('the charts draw what is indexed', async () => {
  await chain.createJob()
  await open()
  const jobs = page.getByRole('img', { name: /^Jobs per minute: [1-9]/ })
  await jobs.waitFor()
  const painted = () =>
    jobs.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
      const colors = new Set<string>()
      const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(
        0,
        0,
        canvas.width,
        canvas.height,
      )
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] === 255) colors.add(data.slice(i, i + 3).join())
      return colors.has('76,95,213')
    })
  await until(painted, { message: "a bar in Program's colour" })
  await page.getByText('7 days', { exact: true }).click()
  await page.getByRole('img', { name: /^Budget per 3 hours: [1-9]/ }).waitFor()
  expect(await page.locator('#strategies tbody tr').first().innerText()).toMatch(/^Program\s+[1-9]/)
})

test('text of a job is text, whatever it says', async () => {
  await chain.createJob()
  const title = '<img src=x onerror="document.title=\'owned\'"><b>bold</b>'
  // No chain carries a title; a server that has one may hold anything in it.
  await page.route('**/api/v1/jobs?*', async (route) => {
    const response = await route.fetch()
    const body = await response.json()
    for (const job of body.data) Object.assign(job, { title, description: title })
    await route.fulfill({ response, json: body })
  })
  await open()
  expect(await page.locator('#jobs .title').first().innerText()).toBe(title)
  expect(await page.locator('#jobs img, #jobs b').count()).toBe(0)
  expect(await page.title()).toBe('Jobcast')
  // A page of history may still be on its way.
  await page.unrouteAll({ behavior: 'ignoreErrors' })
})

test('a transaction hash is copied and the copy is announced', async () => {
  const { jobId, transactionHash } = await chain.createJob()
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await open()
  const copy = row(jobId).getByRole('button', { name: /^Copy transaction hash/ })
  await copy.focus()
  await page.keyboard.press('Enter')
  await until(
    async () => (await page.getByRole('status').innerText()) === `Transaction hash of job ${jobId} copied`,
  )
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(transactionHash)
})

test('a server with keys is used with the key of the address, which no snippet shows', async () => {
  await restart({ API_KEYS: 'a-secret-key' })
  await page.goto(server.url)
  await page.getByText('This server asks for an API key').waitFor()
  await open('/?api_key=a-secret-key')
  const { jobId } = await chain.createJob()
  await row(jobId).waitFor()
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click()
    expect(await page.getByRole('tabpanel').innerText()).toContain('YOUR_KEY')
    expect(await page.getByRole('tabpanel').innerText()).not.toContain('a-secret-key')
  }
  await restart()
})

test.each([320, 390, 834, 1280])('nothing is wider than a screen of %i px', async (width) => {
  await chain.createJob({ clientId: 2n ** 256n - 1n, budget: 2n ** 255n, strategyType: 9 })
  await newContext({ viewport: { width, height: 800 } })
  await open()
  await page.locator('#jobs tr').first().waitFor()
  await page.locator('#use').evaluate((details: HTMLDetailsElement) => {
    details.open = true
  })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  // Not by cutting off either.
  const cut = await page
    .locator('#jobs tr')
    .first()
    .locator('th, td')
    .evaluateAll((cells) =>
      cells.filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.className),
    )
  expect(cut).toEqual([])
})

test('a screen reader finds landmarks, a table and a name for every control, on a phone as on a desktop', async () => {
  for (const width of [1280, 390]) {
    await newContext({ viewport: { width, height: 800 } })
    await open()
    for (const role of ['banner', 'main', 'complementary'] as const)
      expect(await page.getByRole(role).count(), role).toBe(1)
    const table = page.getByRole('table', { name: 'Jobs' })
    expect(await table.getByRole('columnheader').count()).toBe(8)
    expect(await table.getByRole('row').nth(1).getByRole('cell').count()).toBe(7)
    const session = await context.newCDPSession(page)
    const { nodes } = await session.send('Accessibility.getFullAXTree')
    const controls = ['button', 'link', 'textbox', 'checkbox', 'radio', 'tab', 'image', 'table']
    const nameless = nodes.filter(
      (node) => !node.ignored && controls.includes(node.role?.value) && !node.name?.value?.trim(),
    )
    expect(nameless).toEqual([])
  }
})

test('motion is left out for those who asked for that', async () => {
  await newContext({ reducedMotion: 'reduce' })
  await open()
  const { jobId } = await chain.createJob()
  await row(jobId).waitFor()
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
})
