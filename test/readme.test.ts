import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { EventSource } from 'eventsource'
import { expect, it, onTestFinished } from 'vitest'
import type { Job } from '../src/contract/job.ts'
import { startChain } from './helpers/anvil.ts'
import { createDataDir } from './helpers/dataDir.ts'
import { startService } from './helpers/service.ts'
import { until } from './helpers/until.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

it("the README's browser snippet logs the jobs that match its filter, and their removal by a reorg", async () => {
  const snippet = /<!-- snippet: browser -->\n```js\n([^`]+)```/.exec(readme)?.[1]
  if (!snippet?.includes('http://localhost:3000')) throw new Error('the README has no snippet to run')
  const [chain, folder] = await Promise.all([startChain(), createDataDir()])
  onTestFinished(async () => void (await Promise.all([chain.stop(), folder.remove()])))
  const service = await startService({
    RPC_URL: chain.wsUrl,
    CONTRACT_ADDRESS: chain.address,
    DATA_DIR: folder.path,
  })
  onTestFinished(() => service.close())
  await service.untilReady()

  const logged: [string, Job][] = []
  const sources: EventSource[] = []
  onTestFinished(() => {
    for (const source of sources) source.close()
  })
  class Recorded extends EventSource {
    constructor(url: string) {
      super(url)
      sources.push(this)
    }
  }
  runInNewContext(snippet.replace('http://localhost:3000', service.url), {
    EventSource: Recorded,
    JSON,
    console: { log: (what: string, job: Job) => logged.push([what, job]) },
  })
  await until(() => sources[0]?.readyState === EventSource.OPEN, { message: 'the snippet is connected' })
  await chain.createJob({ strategyType: 1 })
  const { jobId } = await chain.createJob({ strategyType: 0 })
  await until(() => logged.length === 1, { message: 'the snippet logs the job' })
  await chain.reorg(1)
  await until(() => logged.length === 2, { message: 'the snippet logs the removal' })
  expect(logged.map(([what, job]) => [what, job.jobId, job.strategyType])).toEqual([
    ['new', jobId, 'PROGRAM'],
    ['reorged away', jobId, 'PROGRAM'],
  ])
})
