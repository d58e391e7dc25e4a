import { spawn } from 'node:child_process'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { launchChromium } from '../helpers/chromium.ts'
import { openStream, type StreamEvent } from '../helpers/eventStream.ts'
import { startDefaultNginx } from '../helpers/nginx.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { type JobcastProcess, startProcess } from '../helpers/process.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { until } from '../helpers/until.ts'
import { openWriter, type Writer } from '../helpers/writer.ts'
import { pythonClient } from '../stream/pythonClient.ts'

let postgres: TestPostgres
let browser: Browser
beforeAll(async () => {
  ;[postgres, browser] = await Promise.all([startPostgres(), launchChromium()])
})
afterAll(async () => {
  await browser.close()
  await postgres.stop()
})

async function database(): Promise<{ url: string; writer: Writer }> {
  const url = await postgres.createDatabase()
  const writer = await openWriter(url)
  onTestFinished(() => writer.close())
  return { url, writer }
}

async function serve(databaseUrl: string, env: Record<string, string> = {}): Promise<JobcastProcess> {
  const jobcast = await startProcess({
    args: ['start', '--only', 'api'],
    env: { DATABASE_URL: databaseUrl, RATE_LIMIT: '0', ...env },
  })
  onTestFinished(async () => void (await jobcast.stop()))
  await jobcast.untilAnswers()
  return jobcast
}

/** Ends a server and starts another in its place. */
async function restart(old: JobcastProcess, databaseUrl: string, meanwhile = async () => {}) {
  expect(await old.stop()).toEqual({ code: 0, signal: null })
  await meanwhile()
  return serve(databaseUrl, { PORT: new URL(old.url).port })
}

/** The browser's own EventSource, on a page of the same origin. */
async function openInBrowser(url: string, path = '/api/v1/events') {
  const page: Page = await browser.newPage()
  onTestFinished(() => page.close())
  await page.goto(`${url}/health`)
  await page.evaluate((path) => {
    const scope = window as unknown as { events: unknown[]; source: EventSource }
    scope.events = []
    scope.source = new EventSource(path)
    for (const type of ['connected', 'job_created', 'job_removed', 'unavailable'])
      scope.source.addEventListener(type, (event) =>
        scope.events.push({ type, id: event.lastEventId, data: JSON.parse(event.data) }),
      )
  }, path)
  const events = () => page.evaluate(() => (window as unknown as { events: StreamEvent[] }).events)
  return {
    events,
    jobs: async () =>
      (await events()).filter(({ type }) => type.startsWith('job_')).map(({ id }) => Number(id)),
    connections: async () => (await events()).filter(({ type }) => type === 'connected'),
    state: () => page.evaluate(() => (window as unknown as { source: EventSource }).source.readyState),
  }
}

describe('EventSource of Chromium', () => {
  it('reconnects after a restart of the server and misses no event', async () => {
    const { url, writer } = await database()
    const server = await serve(url)
    const page = await openInBrowser(server.url)
    await until(async () => (await page.connections()).length === 1)
    const first = await writer.add({}, {})
    await until(async () => (await page.jobs()).length === 2, { message: 'live jobs arrive' })
    await restart(server, url, async () => void (await writer.add({}, {}, {})))
    await until(async () => (await page.jobs()).length === 5, { timeout: 60_000, message: 'it caught up' })
    const last = await writer.add({})
    await until(async () => (await page.jobs()).length === 6)
    expect(await page.jobs()).toEqual(Array.from({ length: 6 }, (_, i) => first - 1 + i))
    expect(last).toBe(first + 4)
    expect((await page.connections()).map(({ data }) => data.resumed)).toEqual([null, true])
  })

  it('reconnects by itself to a full server that refused it, when there is room', async () => {
    const { url } = await database()
    const server = await serve(url, { MAX_STREAMS: '1' })
    const holder = subscribe(server)
    await holder.connected
    const page = await openInBrowser(server.url)
    await until(async () => (await page.events()).some(({ type }) => type === 'unavailable'))
    expect(await page.state()).toBe(0)
    holder.close()
    await until(async () => (await page.connections()).length === 1, {
      timeout: 90_000,
      message: 'it is connected in the end',
    })
  })
})

describe('through nginx with its defaults', () => {
  it('every client gets each event at once, and a rolling restart loses no event', async () => {
    const { url, writer } = await database()
    const servers = [await serve(url), await serve(url)]
    const nginx = await startDefaultNginx(servers.map((server) => server.url))
    onTestFinished(() => nginx.stop())
    const events = `${nginx.url}/api/v1/events`

    const page = await openInBrowser(nginx.url)
    const source = openStream(events)
    onTestFinished(() => source.close())
    const curl = spawn('curl', ['-sSN', events], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void curl.kill())
    let printed = ''
    curl.stdout.on('data', (text) => {
      printed += text
    })
    await until(async () => (await page.connections()).length === 1 && printed.includes('event: connected'))
    await source.connected
    const first = await writer.add({})
    // One at a time: a buffered event would arrive only with the next one.
    await source.waitFor(1)
    await until(async () => (await page.jobs()).length === 1)
    await until(() => printed.includes(`id: ${first}\n`))

    const python = spawn('python3', ['-u', '-c', pythonClient, events, '1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void python.kill())
    let said = ''
    python.stdout.on('data', (text) => {
      said += text
    })
    await until(() => said.includes('connected'))
    const second = await writer.add({})
    await until(() => said.includes(`job_created ${second}`))

    for (const server of servers) {
      await restart(server, url, async () => void (await writer.add({})))
      await writer.add({})
    }
    const last = await writer.lastId()
    const all = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    await until(async () => (await page.jobs()).length >= all.length, { timeout: 60_000 })
    await source.waitFor(all.length, { timeout: 60_000 })
    expect(await page.jobs()).toEqual(all)
    expect(source.of('job_created').map(({ id }) => Number(id))).toEqual(all)
    expect((await page.connections()).slice(1).every(({ data }) => data.resumed === true)).toBe(true)
  })
})
