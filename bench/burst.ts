import { startChain } from '../test/helpers/anvil.ts'
import { startPostgres } from '../test/helpers/postgres.ts'
import { startChild } from './child.ts'
import { fillDatabase, headOf } from './fill.ts'
import { measure } from './latency.ts'
import type { Burst, BurstAnswers } from './load/burst.ts'
import type { RequestLoad, RequestTimes } from './load/requests.ts'
import { startJobcast } from './process.ts'
import { quantile } from './quantile.ts'
import type { Bench } from './report.ts'

/** Ten fewer than RATE_LIMIT allows one address in a minute by default. */
const QUERIES = 590
/** An address of its own. Linux routes all of 127.0.0.0/8 to loopback without configuration. */
const GREEDY = '127.0.0.2'

/** The slowest queries that the API allows: rare values, totals that must be counted, ranges, deep pages. */
const SLOW = [
  'clientId=7,12&strategyType=PROGRAM,RUBRIC,HYBRID&limit=100',
  'minBudget=900&limit=100&page=100',
  'participant=3&order=asc&limit=100',
  'fromBlock=1&toBlock=99999999&limit=100&page=100',
  'clientId=1,2,3,4,5,6,7,8,9,10&maxBudget=500&page=50',
]

/** Milliseconds of each request, and of each job's way from its block to the stream. */
interface Round {
  page: number[]
  stream: number[]
}

/** Measures how much one address can slow down the others. */
export const burst: Bench = {
  name: 'burst',
  about: `one address sends bursts of ${QUERIES} slow queries at once, at most one burst a second. Measured: the first page for another address, and the time of a job from its block to the stream; compared with the same without the bursts`,
  leavesOut: 'the rate limit, which would refuse all but the first burst; load and Postgres share the cores',
  async run({ quick }) {
    const jobs = quick ? 20_000 : 1_000_000
    const blocks = quick ? 20 : 100
    const rounds = quick ? 1 : 3
    const chain = await startChain()
    const pg = await startPostgres({ durable: true })
    const load = startChild('load/requests.ts')
    const greedy = startChild('load/burst.ts')
    try {
      await chain.setAutomine(false)
      await chain.mine()
      const databaseUrl = await pg.createDatabase()
      await fillDatabase(databaseUrl, jobs, await headOf(chain))
      const jobcast = await startJobcast({
        RPC_URL: chain.wsUrl,
        CONTRACT_ADDRESS: chain.address,
        DATABASE_URL: databaseUrl,
      })
      try {
        await jobcast.untilAnswers('/ready')
        const round = async () => {
          const page = load.ask<RequestTimes>('run', {
            urls: [`${jobcast.url}/api/v1/jobs`],
            connections: 1,
            ms: blocks * 200,
            pauseMs: 20,
          } satisfies RequestLoad)
          const { created, updated } = await measure(chain, `${jobcast.url}/api/v1/events`, blocks)
          return { page: (await page).times, stream: [...created, ...updated] }
        }
        const quiet: Round[] = []
        const during: Round[] = []
        for (let i = 0; i < rounds; i++) {
          quiet.push(await round())
          await greedy.ask('start', {
            urls: SLOW.map((query) => `${jobcast.url}/api/v1/jobs?${query}`),
            queries: QUERIES,
            from: GREEDY,
          } satisfies Burst)
          during.push(await round())
          const answers = await greedy.ask<BurstAnswers>('stop')
          console.log(`  answers of the bursts by status: ${JSON.stringify(answers)}`)
        }
        const p99 = (of: keyof Round) => (times: Round) => quantile(times[of], 0.99)
        const figure = (what: string, of: keyof Round, atMost: number) => ({
          what: `${what}, p99, ${jobs.toLocaleString('en-US')} jobs`,
          unit: 'ms',
          jobcast: during.map(p99(of)),
          floor: { name: 'without the bursts', values: quiet.map(p99(of)) },
          goal: { atMost },
        })
        return [
          figure("another address's first page", 'page', 5),
          figure('a new or changed job from its block to the stream', 'stream', 3),
        ]
      } finally {
        await jobcast.stop()
      }
    } finally {
      await Promise.all([load.end(), greedy.end()])
      await pg.stop()
      await chain.stop()
    }
  },
}
