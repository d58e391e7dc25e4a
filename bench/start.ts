import { startChain, type TestChain } from '../test/helpers/anvil.ts'
import { startPostgres } from '../test/helpers/postgres.ts'
import { until } from '../test/helpers/until.ts'
import { fillDatabase, headOf } from './fill.ts'
import { startJobcast } from './process.ts'
import type { Bench } from './report.ts'

/** Measures the time from the start of a process until it is ready. */
export const start: Bench = {
  name: 'start',
  about:
    'milliseconds from the start of the process until /ready answers 200, on an existing Postgres with jobs and 10,000 feed entries',
  leavesOut:
    'the start of npm or a container, indexing blocks that were mined in the meantime, a network to the database and the node',
  async run({ quick }) {
    const jobs = quick ? 20_000 : 1_000_000
    const chain = await startChain()
    const pg = await startPostgres()
    const times: number[] = []
    try {
      await chain.mine(2)
      const databaseUrl = await pg.createDatabase()
      await fillDatabase(databaseUrl, jobs, await headOf(chain))
      for (let round = 0; round < (quick ? 3 : 9); round++) times.push(await timeToReady(chain, databaseUrl))
    } finally {
      await pg.stop()
      await chain.stop()
    }
    return [
      {
        what: `start → ready, ${jobs.toLocaleString('en-US')} jobs`,
        unit: 'ms',
        jobcast: times,
        goal: { atMost: 1_500 },
      },
    ]
  },
}

async function timeToReady(chain: TestChain, databaseUrl: string): Promise<number> {
  const begun = performance.now()
  const jobcast = await startJobcast({
    RPC_URL: chain.url,
    CONTRACT_ADDRESS: chain.address,
    DATABASE_URL: databaseUrl,
  })
  try {
    const ready = () =>
      fetch(`${jobcast.url}/ready`).then(
        (response) => response.ok,
        () => false,
      )
    await until(ready, { intervalMs: 5, message: '/ready answers 200' })
    return performance.now() - begun
  } finally {
    await jobcast.stop()
  }
}
