import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { createTestDataDir } from '../helpers/dataDir.ts'
import { startProcess } from '../helpers/process.ts'
import { proxyTo } from '../helpers/serveChain.ts'
import { reader } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const JOBS = 10_000

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
  await chain.createJobs(JOBS, { perTransaction: 100 })
})
afterAll(() => chain.stop())

it('a process that is killed during a sync of 10,000 jobs continues after a restart, and no job is lost or duplicated', async () => {
  const proxy = await proxyTo(chain)
  // Slows down the sync, so that the kill comes in the middle.
  proxy.fault = (method) => (method === 'eth_getLogs' ? { delayMs: 200 } : undefined)
  const env = {
    RPC_URL: proxy.url,
    CONTRACT_ADDRESS: chain.address,
    DATA_DIR: await createTestDataDir(),
    RATE_LIMIT: '0',
    LOG_LEVEL: 'info',
  }
  const total = async (url: string) =>
    (await reader(url).get('/api/v1/jobs?limit=1')).pagination.total as number

  const first = await startProcess({ env })
  onTestFinished(async () => void (await first.kill()))
  await first.untilAnswers('/health')
  const before = await until(() => total(first.url), { message: 'some jobs are indexed' })
  await first.kill('SIGKILL')
  proxy.fault = undefined

  const second = await startProcess({ env })
  onTestFinished(async () => void (await second.stop()))
  await second.untilAnswers('/health')
  await until(async () => (await total(second.url)) >= JOBS, { message: 'all jobs are indexed' })
  const jobs = await reader(second.url).history()
  const ids = jobs.map((job) => job.jobId)
  expect([ids.length, ids[0], ids.at(-1)]).toEqual([JOBS, '1', String(JOBS)])
  expect(new Set(ids).size).toBe(JOBS)
  // Otherwise the kill came too late, and the test proves nothing.
  expect(before).toBeLessThan(JOBS)
})
