import getPort from 'get-port'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished } from 'vitest'
import type { Job } from '../../src/contract/job.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { launchChromium } from '../helpers/chromium.ts'
import { createDataDir } from '../helpers/dataDir.ts'
import { type JobcastProcess, startProcess } from '../helpers/process.ts'
import { until } from '../helpers/until.ts'

const desktop = { width: 1440, height: 900 }

let browser: Browser
export let chain: TestChain
let dir: Awaited<ReturnType<typeof createDataDir>>
let port: string
export let server: JobcastProcess
export let context: BrowserContext
export let page: Page
/** Console errors and warnings, exceptions, and failed requests for the page's own files. */
let complaints: string[]

/**
 * Starts a browser, a chain with three jobs and a service for the tests of a file, and opens an empty page
 * before each test. A test fails if its page logs an error or a warning, throws, or requests a file that is
 * not served.
 */
export function useLivePage(): void {
  beforeAll(async () => {
    ;[browser, chain, dir, port] = await Promise.all([
      launchChromium(),
      // The chain starts ten minutes ago, so that the charts have several bars.
      startChain({ args: ['--timestamp', String(now() - 600)] }),
      createDataDir(),
      getPort().then(String),
    ])
    await chain.createJobs(3)
    await chain.rpc('evm_setTime', [now()])
    server = await start()
    await server.untilAnswers('/ready')
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
}

export const now = () => Math.floor(Date.now() / 1000)

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

/** Restarts the service, with `env` until the test ends. Runs `meanwhile` while it is down. */
export async function restart(env: Record<string, string> = {}, meanwhile = async () => {}): Promise<void> {
  // The next test finds the service with its own settings, even if this restart fails.
  onTestFinished(() => startAnew())
  await server.stop()
  await meanwhile()
  await startAnew(env)
}

async function startAnew(env: Record<string, string> = {}): Promise<void> {
  await server.stop()
  server = await start(env)
  await server.untilAnswers('/ready')
}

export async function newContext(options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
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

export async function open(path = '/'): Promise<void> {
  await page.goto(server.url + path)
  await live()
}

export const live = () => page.locator('#connection[data-state=live]').waitFor()
export const rows = () => page.locator('#jobs tr:not(.spacer)')
export const row = (jobId: string) =>
  page.locator('#jobs tr:not(.gone)', { has: page.getByRole('link', { name: `#${jobId}`, exact: true }) })
export const gone = (jobId: string) => page.locator('#jobs tr.gone', { hasText: `#${jobId}` })
export const status = (jobId: string) => row(jobId).locator('.badge').innerText()
export const total = () => page.locator('#total').innerText()
export const tile = (name: string) => page.locator('#stats div', { hasText: name })

/** Ids of the rows in the document, in their order, except those that are struck out. */
export const shownIds = () =>
  page
    .locator('#jobs tr:not(.spacer, .gone) .job a')
    .evaluateAll((links) => links.map((a) => (a as HTMLAnchorElement).title))

/** The whole history from the API, newest first. `query` is appended to the address, as in '&status=OPEN'. */
export async function history(query = ''): Promise<Job[]> {
  const jobs: Job[] = []
  for (let cursor = ''; ; ) {
    const response = await fetch(`${server.url}/api/v1/jobs?limit=100${query}${cursor}`)
    const body = (await response.json()) as { data: Job[]; pagination: { next: string | null } }
    jobs.push(...body.data)
    if (body.pagination.next === null) return jobs
    cursor = `&cursor=${encodeURIComponent(body.pagination.next)}`
  }
}

export const historyIds = async (query = '') => (await history(query)).map((job) => job.jobId)

/**
 * Waits until the rows are the newest jobs of the API's history, each once, and the number of jobs is right.
 */
export async function untilComplete(query = ''): Promise<void> {
  await until(
    async () => {
      const [shown, all] = [await shownIds(), await historyIds(query)]
      const isSame = JSON.stringify(shown) === JSON.stringify(all.slice(0, shown.length))
      return shown.length > 0 && isSame && (await total()).startsWith(all.length.toLocaleString('en'))
    },
    { message: 'the page shows the newest jobs, each once' },
  )
}
