import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { installedClient } from '../client/installed.ts'
import { type Server, startServer } from '../client/server.ts'
import { launchChromium } from '../helpers/chromium.ts'
import { until } from '../helpers/until.ts'

let server: Server
let dir: Awaited<ReturnType<typeof installedClient>>
let browser: Browser
beforeAll(async () => {
  ;[server, dir, browser] = await Promise.all([startServer(), installedClient(), launchChromium()])
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  await dir?.remove()
})

test('examples/browser.html shows the history, new jobs and changes, strikes out a removed job, and continues after a restart', async () => {
  const first = await server.chain.createJob()
  await server.untilIndexed(first.jobId)
  const page = await browser.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(`${new URL('../../examples/browser.html', import.meta.url)}?url=${server.url}`)
  const items = () => page.locator('li').allTextContents()
  const texts = (count: number) =>
    until(async () => (await items()).length === count, { message: `${count} items` })
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

/** Bundles and minifies a module for browsers with esbuild. Resolves with the text. */
async function bundle(contents: string): Promise<string> {
  const stdin = { contents, resolveDir: dir.path }
  const options = { bundle: true, minify: true, write: false, format: 'esm', platform: 'browser' } as const
  const { outputFiles, warnings } = await build({ ...options, stdin })
  expect(warnings).toEqual([])
  return outputFiles[0]?.text ?? ''
}

test('jobcast-client, bundled for a browser and from another origin, follows jobs across a restart', async () => {
  const content = await bundle(`
    import { follow, units } from 'jobcast-client'
    globalThis.state = { jobs: [], units: '' }
    try {
      for await (const event of follow('${server.url}')) {
        if (event.type !== 'job_created') continue
        state.jobs.push(event.data.jobId)
        state.units = String(units(event.data.budget))
      }
    } catch (error) {
      state.units = String(error)
    }`)
  const site = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html>'),
  )
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    site.close()
    site.closeAllConnections()
  })
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}`)
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
})

test('a minified bundle of the whole client has less than 19,000 characters', async () => {
  const text = await bundle("export * from 'jobcast-client'")
  expect(text).toContain('JobcastError')
  expect(text.length).toBeLessThan(19_000)
})
