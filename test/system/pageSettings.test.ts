import type { Locator } from 'playwright-core'
import { expect, test } from 'vitest'
import { devAccounts } from '../../src/devnet/client.ts'
import { changeCommerceJob, createCommerceJob, deployCommerce } from '../../src/devnet/commerce.ts'
import { createDataDir } from '../helpers/dataDir.ts'
import { startProcess } from '../helpers/process.ts'
import { until } from '../helpers/until.ts'
import { chain, live, open, page, restart, row, server, tile, total, useLivePage } from './livePage.ts'

useLivePage()

const hrefOf = (link: Locator) => link.evaluate((a: HTMLAnchorElement) => a.href)

test('a page of another contract shows the fields of its definition', async () => {
  const { address } = await deployCommerce(chain.client)
  const data = await createDataDir()
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
    await other.untilAnswers('/ready')
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

test('the API key of the address is used for every request and link, and shown in no code', async () => {
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
  // So do those to the API reference and its document.
  const documentUrl = `${server.url}/openapi.json?api_key=a-secret-key`
  expect(await hrefOf(page.getByRole('link', { name: 'OpenAPI' }))).toBe(documentUrl)
  await page.getByRole('link', { name: 'API reference' }).click()
  await page.locator('#getMetrics').waitFor()
  expect(await hrefOf(page.getByRole('link', { name: 'openapi.json' }))).toBe(documentUrl)
  await page.getByRole('link', { name: 'Jobcast' }).click()
  await live()
})
