import { setTimeout as sleep } from 'node:timers/promises'
import type { Route } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { chain, historyIds, live, open, page, server, untilComplete, useLivePage } from './livePage.ts'

useLivePage()

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
    await page.locator('#job.gone').waitFor()
    const arrival = page.waitForEvent('requestfinished')
    await deliverLate()
    await arrival
    await sleep(200)
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
})
