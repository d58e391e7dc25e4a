import type { Route } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import {
  chain,
  historyIds,
  live,
  now,
  open,
  page,
  restart,
  server,
  untilComplete,
  useLivePage,
} from './livePage.ts'

useLivePage()

const field = (name: string) => page.locator(`#fields dt:has-text("${name}") + dd`).first()
const untilField = (name: string, value: string) =>
  until(async () => (await field(name).innerText()) === value, { message: `${name} is ${value}` })

describe("a job's page", () => {
  test('shows its fields and its lifecycle, and follows both', async () => {
    const { jobId, transactionHash } = await chain.createJob({ clientId: 55n, budget: 12_340_000n })
    await open(`/jobs/${jobId}`)
    expect(await field('Client').innerText()).toBe('55')
    expect(await field('Budget').innerText()).toBe('12.34 USDC')
    expect(await field('Creation tx hash').innerText()).toBe(transactionHash)
    expect(await field('Provider').innerText()).toBe('–')
    expect(await page.title()).toBe(`Job ${jobId} – Jobcast`)

    await chain.changeJob('setProvider', [BigInt(jobId), 77n])
    await untilField('Provider', '77')
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

  test('keeps the distance of its deadline up to date', async () => {
    const deadline = BigInt(now() + 6 * 86_400 + 60)
    const { jobId } = await chain.createJob({ deadline })
    await page.clock.install()
    await open(`/jobs/${jobId}`)
    expect(await field('Deadline').innerText()).toContain('(in 6 days)')
    await page.clock.fastForward('48:00:00')
    await field('Deadline').getByText('in 4 days').waitFor()
  })

  test('follows the job after its participants have changed', async () => {
    const { jobId } = await chain.createJob({ clientId: 55n })
    await open(`/jobs/${jobId}`)
    await chain.changeJob('fund', [BigInt(jobId), 56n, 100n])
    await untilField('Client', '56')
    await chain.changeJob('setProvider', [BigInt(jobId), 77n])
    await untilField('Provider', '77')
  })

  test('follows the job under any notation of its id', async () => {
    const { jobId } = await chain.createJob()
    await open(`/jobs/00${jobId}`)
    await chain.changeJob('setProvider', [BigInt(jobId), 77n])
    await untilField('Provider', '77')
    const next = String(Number(jobId) + 1)
    await open(`/jobs/00${next}`)
    await page.getByText('There is no job').waitFor()
    await chain.createJob({ clientId: 57n })
    await untilField('Client', '57')
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

  test('does not show a removed job again because an older answer arrives late', async () => {
    const { jobId } = await chain.createJob()
    await open(`/jobs/${jobId}`)
    let deliver: (() => Promise<void>) | undefined
    const hold = async (route: Route) => {
      const response = await route.fetch()
      deliver = () => route.fulfill({ response })
    }
    await page.route(`**/api/v1/jobs/${jobId}`, hold, { times: 1 })
    await chain.changeJob('setProvider', [BigInt(jobId), 77n])
    const deliverLate = await until(() => deliver)
    await chain.reorg(2)
    await chain.mine()
    await until(async () => (await fetch(`${server.url}/api/v1/jobs/${jobId}`)).status === 404)
    const answered = page.waitForResponse(`**/api/v1/jobs/${jobId}`)
    await deliverLate()
    await (await answered).finished()
    await page.locator('#job.gone').waitFor()
    // A later request is answered after the page has read the late answer.
    await page.evaluate(() => fetch('/health').then((response) => response.text()))
    expect(await page.locator('#job.gone').isVisible()).toBe(true)
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

  test('follows the job if streams cannot be resumed, and asks for one stream', async () => {
    const { jobId } = await chain.createJob()
    await restart({ FEED_RETENTION: '0' })
    const streams: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/api/v1/events')) streams.push(request.url())
    })
    await open(`/jobs/${jobId}`)
    await chain.changeJob('setProvider', [BigInt(jobId), 77n])
    await untilField('Provider', '77')
    await chain.changeJob('setEvaluator', [BigInt(jobId), 88n])
    await untilField('Evaluator', '88')
    expect(streams).toHaveLength(1)
    await restart({ FEED_RETENTION: '0' }, async () => {
      await page.locator('#connection[data-state=lost]').waitFor()
      await chain.changeJob('expire', [BigInt(jobId)])
    })
    await page.locator('#status', { hasText: 'Expired' }).waitFor()
    await restart({ FEED_RETENTION: '0' }, async () => {
      await page.locator('#connection[data-state=lost]').waitFor()
      await chain.reorg(4)
      await chain.mine()
    })
    await page.locator('#job.gone').waitFor()
  })
})
