import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installedPackage } from '../client/installed.ts'
import { type Server, startServer } from '../client/server.ts'
import { until } from '../helpers/until.ts'

let server: Server
let dir: Awaited<ReturnType<typeof installedPackage>>
let browser: Browser
beforeAll(async () => {
  ;[server, dir, browser] = await Promise.all([
    startServer(),
    installedPackage(),
    chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-background-networking'],
    }),
  ])
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  await dir?.remove()
})

test('examples/browser.html: history, live, a change, a removed job struck, and back after a restart', async () => {
  const first = await server.chain.createJob()
  await untilIndexed(first.jobId)
  const page = await browser.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(`${pathToFileURL(join(dir.path, 'examples/browser.html'))}?url=${server.url}`)
  const items = () => page.locator('li').allTextContents()
  const texts = (count: number) =>
    until(async () => (await items()).length === count, { message: `${count}` })
  await texts(1)
  expect(await items()).toEqual([`Job ${first.jobId}: OPEN`])
  await server.chain.changeJob('fund', [BigInt(first.jobId), 1n, 1n])
  await until(async () => (await items())[0] === `Job ${first.jobId}: FUNDED`, {
    message: 'the change is shown',
  })

  const second = await server.chain.createJob()
  await texts(2)
  await server.chain.reorg(1)
  await until(async () => (await page.locator('del').count()) === 1, { message: 'the job is struck' })
  expect(await page.locator('del').textContent()).toContain(`Job ${second.jobId}:`)

  await server.stop()
  await until(async () => (await page.textContent('#state')) === 'reconnecting', {
    message: 'the loss is shown',
  })
  const third = await server.chain.createJob()
  await server.start()
  await texts(3)
  expect((await items())[0]).toContain(`Job ${third.jobId}:`)
  expect(faults).toEqual([])
  await page.close()
})

const MODULES: Record<string, string> = {
  'jobcast/client': '/node_modules/jobcast/dist/src/client/client.js',
  'eventsource-parser': '/node_modules/eventsource-parser/dist/index.js',
}

/** A site of another origin, whose page finds the package by an import map, as it would by a bundler. */
async function startSite(loaded: Map<string, number>): Promise<{ url: string; close(): void }> {
  const site = createServer(async ({ url: path = '/' }, response) => {
    if (!path.startsWith('/node_modules/')) {
      const map = JSON.stringify({ imports: MODULES })
      return response.setHeader('content-type', 'text/html').end(`<script type="importmap">${map}</script>`)
    }
    const body = await readFile(join(dir.path, path), 'utf8')
    loaded.set(path, body.length)
    response.setHeader('content-type', 'text/javascript').end(body)
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  const { port } = site.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      site.close()
      site.closeAllConnections()
    },
  }
}

test('jobcast/client in a browser, from another origin: follow over a restart, and small', async () => {
  const loaded = new Map<string, number>()
  const site = await startSite(loaded)
  const page = await browser.newPage()
  await page.goto(site.url)
  // As text: what vitest compiles imports by vitest's own means.
  const content = `
    import { follow, units } from 'jobcast/client'
    globalThis.state = { jobs: [], units: '' }
    try {
      for await (const event of follow('${server.url}')) {
        if (event.type !== 'job_created') continue
        state.jobs.push(event.data.jobId)
        state.units = String(units(event.data.budget))
      }
    } catch (error) {
      state.units = String(error)
    }`
  await page.addScriptTag({ type: 'module', content })
  const state = () => page.evaluate<{ jobs: string[]; units: string }>('state')
  const untilLast = (jobId: string) =>
    until(async () => (await state()).jobs.at(-1) === jobId, { message: `job ${jobId}` })

  const live = await server.chain.createJob({ budget: 42n })
  await untilLast(live.jobId)
  expect((await state()).units).toBe('42')
  await server.stop()
  const missed = await server.chain.createJob()
  await server.start()
  await untilLast(missed.jobId)
  const { jobs } = await state()
  expect(new Set(jobs).size).toBe(jobs.length)
  await page.close()

  expect(
    [...loaded.keys()].filter((path) => !/jobcast\/dist\/src\/client|eventsource-parser/.test(path)),
  ).toEqual([])
  // Not minified, comments and all.
  expect([...loaded.values()].reduce((sum, size) => sum + size, 0)).toBeLessThan(55_000)
})

async function untilIndexed(jobId: string): Promise<void> {
  await until(async () => (await fetch(`${server.url}/api/v1/jobs/${jobId}`)).ok, {
    message: 'the job is indexed',
  })
}
