import axe from 'axe-core'
import getPort from 'get-port'
import { type Browser, type BrowserContext, chromium, type Page, type Route } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Job } from '../../src/contract/job.ts'
import { devAccounts } from '../../src/devnet/client.ts'
import { changeCommerceJob, createCommerceJob, deployCommerce } from '../../src/devnet/commerce.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { type JobcastProcess, startProcess } from '../helpers/process.ts'
import { tempDir } from '../helpers/tempDir.ts'
import { until } from '../helpers/until.ts'

/** Most rows in the document, however long the list is. */
const MOST_ROWS = 250
const desktop = { width: 1440, height: 900 }

let browser: Browser
let chain: TestChain
let dir: Awaited<ReturnType<typeof tempDir>>
let port: string
let server: JobcastProcess
let context: BrowserContext
let page: Page
/** Console errors, exceptions, and requests that its content security policy blocks: a page must cause none. */
let complaints: string[]

const now = () => Math.floor(Date.now() / 1000)

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
    // The chain starts ten minutes ago, so that the charts have several bars.
    startChain({ args: ['--timestamp', String(now() - 600)] }),
    tempDir(),
    getPort().then(String),
  ])
  await chain.createJobs(3)
  await chain.rpc('evm_setTime', [now()])
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
  // The browser itself logs each failed request. That is no error of the page.
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
    if (response.status() >= 400 && !/\/(api|ready)/.test(response.url())) complaints.push(response.url())
  })
  page.on('pageerror', (error) => complaints.push(String(error.stack)))
}

async function open(path = '/'): Promise<void> {
  await page.goto(server.url + path)
  await live()
}

const live = () => page.locator('#connection[data-state=live]').waitFor()
const rows = () => page.locator('#jobs tr:not(.spacer)')
const row = (jobId: string) =>
  page.locator('#jobs tr:not(.gone)', { has: page.getByRole('link', { name: `#${jobId}`, exact: true }) })
const gone = (jobId: string) => page.locator('#jobs tr.gone', { hasText: `#${jobId}` })
const status = (jobId: string) => row(jobId).locator('.badge').innerText()
const total = () => page.locator('#total').innerText()
const tile = (name: string) => page.locator('#stats div', { hasText: name })

/** Ids of the rows in the document, in their order, except those that are struck out. */
const shownIds = () =>
  page
    .locator('#jobs tr:not(.spacer, .gone) .job a')
    .evaluateAll((links) => links.map((a) => (a as HTMLAnchorElement).title))

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

/** Waits until the rows are the newest jobs of the API's history, each once, and the number of jobs is right. */
async function untilComplete(query = ''): Promise<void> {
  await until(
    async () => {
      const [shown, all] = [await shownIds(), await historyIds(query)]
      const isSame = JSON.stringify(shown) === JSON.stringify(all.slice(0, shown.length))
      return shown.length > 0 && isSame && (await total()).startsWith(all.length.toLocaleString('en'))
    },
    { message: 'the page shows the newest jobs, each once' },
  )
}

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
    expect(Number((await page.locator('#head').innerText()).replaceAll(',', ''))).toBeGreaterThan(0)
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
    // A page that was just opened has no position to resume from.
    await open()
    const live = await chain.createJob()
    await row(live.jobId).waitFor()
    await untilComplete()
    await restart()
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
    await page.locator('#connection[data-state=stale]').waitFor({ timeout: 28_000 })
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

    // While the list's beginning is above the screen, new jobs wait.
    const before = await page.evaluate(() => document.body.scrollHeight)
    const { jobId } = await chain.createJob()
    const waiting = page.getByRole('button', { name: '1 new job' })
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
    await page.getByRole('button', { name: '1 new job' }).waitFor()
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

describe('the filters', () => {
  test("are the API's own, apply while one types, and are part of the address", async () => {
    await chain.createJob({ strategyType: 1 })
    await open()
    await page.getByRole('checkbox', { name: 'Program' }).check()
    await page.getByRole('textbox', { name: 'Least budget' }).pressSequentially('250')
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
    const field = page.getByRole('textbox', { name: 'Least budget' })
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

  test('from the address that are not valid have a message each, beside their fields', async () => {
    await page.goto(`${server.url}/?minBudget=lots&status=BOGUS&participant=x`)
    for (const name of ['minBudget', 'status', 'participant'])
      await page.locator(`#problem-${name}`, { hasText: new RegExp(`^${name} takes`) }).waitFor()
    await page.getByText('No jobs are shown').waitFor()
    await page.getByRole('checkbox', { name: 'Bogus' }).click()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await live()
    await untilComplete()
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

describe("a job's page", () => {
  test('shows its fields and its lifecycle, and follows both', async () => {
    const { jobId, transactionHash } = await chain.createJob({ clientId: 55n, budget: 12_340_000n })
    await open(`/jobs/${jobId}`)
    const field = (name: string) => page.locator(`#fields dt:has-text("${name}") + dd`).first()
    expect(await field('Client').innerText()).toBe('55')
    expect(await field('Budget').innerText()).toBe('12.34 USDC')
    expect(await field('Creation tx hash').innerText()).toBe(transactionHash)
    expect(await field('Provider').innerText()).toBe('–')
    expect(await page.title()).toBe(`Job ${jobId} – Jobcast`)

    await chain.changeJob('setProvider', [BigInt(jobId), 77n])
    await until(async () => (await field('Provider').innerText()) === '77')
    await chain.changeJob('fund', [BigInt(jobId), 55n, 12_340_000n])
    await page.locator('#status', { hasText: 'Funded' }).waitFor()
    const events = await page.locator('#lifecycle li').allInnerTexts()
    expect(events.map((text) => text.split('\n').slice(0, 2).join(' '))).toEqual([
      'Job created Open',
      expect.stringContaining('Provider set'),
      'Job funded Funded',
    ])
    expect(events[0]).toMatch(/Block [\d,]+, transaction 0x/)
    await field('Provider').getByRole('link').click()
    await live()
    await untilComplete('&providerId=77')
  })

  test('says that a reorg removed the job, and shows it again if it returns', async () => {
    const { jobId } = await chain.createJob({ clientId: 91n })
    await open(`/jobs/${jobId}`)
    await chain.reorg(1)
    await chain.mine()
    await page.getByText('A reorg removed this job from the chain').waitFor()
    await chain.createJob({ clientId: 92n })
    await page.locator('#fields').getByText('92', { exact: true }).waitFor()
    expect(await page.locator('#message').isVisible()).toBe(false)
  })

  test('of an unknown job says so, and shows the job once it is created', async () => {
    const next = String(Number((await historyIds())[0]) + 1)
    await open(`/jobs/${next}`)
    await page.getByText(`There is no job ${next}.`).waitFor()
    await chain.createJob()
    await page.locator('#lifecycle li', { hasText: 'Job created' }).waitFor()
    await page.goto(`${server.url}/jobs/nonsense`)
    await page.getByText('“nonsense” is not a valid job id').waitFor()
  })
})

test('a page of another contract shows the fields of its definition', async () => {
  const { address } = await deployCommerce(chain.client)
  const data = await tempDir()
  const other = await startProcess({
    env: {
      RPC_URL: chain.url,
      CONTRACT: 'erc8183',
      CONTRACT_ADDRESS: address,
      DATA_DIR: data.path,
      POLL_INTERVAL_MS: '50',
    },
  })
  try {
    await other.untilReady('/ready')
    const [client, , , , provider] = devAccounts
    const { jobId } = await createCommerceJob(chain.client, address, { client, provider })
    await page.goto(other.url)
    await live()
    await row(String(jobId)).waitFor()
    await changeCommerceJob(chain.client, address, provider, 'setBudget', [
      jobId,
      `0x${'05'.repeat(20)}`,
      2_265_000_000n,
    ])
    // The token's decimals are unknown, so the amount is in its smallest unit.
    await row(String(jobId)).getByText('2,265,000,000', { exact: true }).waitFor()
    expect(await tile('Amount').isVisible()).toBe(false)
    expect(await page.locator('#by-choice').isVisible()).toBe(false)
    await page.locator('summary', { hasText: 'More filters' }).click()
    await page.getByRole('textbox', { name: 'Provider' }).fill(provider.toUpperCase().replace('X', 'x'))
    await until(async () => (await total()) === '1 match')
    await page.goto(`${other.url}/jobs/${jobId}`)
    await page.locator('#fields', { hasText: provider.toLowerCase() }).waitFor()
    await page.locator('#lifecycle li', { hasText: 'Budget set' }).waitFor()
  } finally {
    await other.stop()
    await data.remove()
  }
})

test('the API key of the address is used for every request and shown in no code', async () => {
  await restart({ API_KEYS: 'a-secret-key' })
  await page.goto(server.url)
  await page.getByText('This server requires an API key').waitFor()
  expect(await page.getByRole('main').isVisible()).toBe(false)
  await open('/?api_key=a-secret-key')
  const { jobId } = await chain.createJob()
  await row(jobId).waitFor()
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click()
    expect(await page.getByRole('tabpanel').innerText()).toContain('YOUR_KEY')
    expect(await page.getByRole('tabpanel').innerText()).not.toContain('a-secret-key')
  }
  // The links to a job and back keep the key.
  await row(jobId)
    .getByRole('link', { name: `#${jobId}` })
    .click()
  await page.locator('#lifecycle li').first().waitFor()
  await page.getByRole('link', { name: 'All jobs' }).click()
  await live()
  await restart()
})

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
