import { jobRegistry } from '../src/contract/jobRegistry.ts'
import { encodeCursor, parseHistoryQuery } from '../src/http/historyQuery.ts'
import { createDatabase } from '../src/store/database.ts'
import { readHistory } from '../src/store/history.ts'
import { startPostgres, type TestPostgres } from '../test/helpers/postgres.ts'
import { startChild } from './child.ts'
import { fillDatabase, noChain, PER_BLOCK } from './fill.ts'
import type { Statement } from './floors/history.ts'
import type { RequestLoad, RequestTimes } from './load/requests.ts'
import { startJobcast } from './process.ts'
import { quantile } from './quantile.ts'
import type { Bench } from './report.ts'

const LIMIT = 20
const CONNECTIONS = 16

/** Measures pages of the history over REST. */
export const history: Bench = {
  name: 'history',
  about: `requests/s and p99 of GET /api/v1/jobs, ${LIMIT} jobs per page, over ${CONNECTIONS} connections without pauses, each from an address of its own. All connections request the same first page; each requests its own filtered and its own deep page`,
  leavesOut:
    'compression (no Accept-Encoding is sent), TLS, networks, and a database larger than memory; load and Postgres share the cores',
  async run({ quick }) {
    const jobs = quick ? 20_000 : 1_000_000
    const pg = await startPostgres()
    try {
      return (await historyOf(pg, jobs, quick ? { rounds: 2, ms: 700 } : { rounds: 6, ms: 2_000 })).flatMap(
        ({ page, floor, jobcast }) => {
          const what = `${page} of ${jobs.toLocaleString('en-US')} jobs`
          const bare = (of: (round: Round) => number) => ({ name: 'bare fastify', values: floor.map(of) })
          return [
            {
              what,
              unit: 'requests/s',
              jobcast: jobcast.map((r) => r.rate),
              floor: bare((r) => r.rate),
              goal: { atLeast: 0.75 },
            },
            {
              what: `${what}, p99`,
              unit: 'ms',
              jobcast: jobcast.map((r) => r.p99),
              floor: bare((r) => r.p99),
            },
          ]
        },
      )
    } finally {
      await pg.stop()
    }
  },
}

interface Round {
  rate: number
  p99: number
}

/**
 * The measured queries by page: one for all connections, or one for each. Deep pages begin in the middle of
 * the history.
 */
function pages(jobs: number): Record<string, Record<string, string>[]> {
  const each = Array.from({ length: CONNECTIONS }, (_, i) => i)
  const middle = noChain.head.number - Math.floor(jobs / 2 / PER_BLOCK)
  return {
    'first page': [{}],
    'filtered page': each.map((i) => ({
      clientId: `${7 + 20 * i},${12 + 20 * i}`,
      strategyType: 'PROGRAM,RUBRIC,HYBRID',
    })),
    'deep page': each.map((i) => ({ cursor: encodeCursor({ blockNumber: middle + i, logIndex: 25 }) })),
  }
}

/** @returns for each page the rounds of the floor and of Jobcast, which alternate */
export async function historyOf(
  pg: TestPostgres,
  jobs: number,
  { rounds, ms, withFloor = true }: { rounds: number; ms: number; withFloor?: boolean },
): Promise<{ page: string; floor: Round[]; jobcast: Round[] }[]> {
  const databaseUrl = await pg.createDatabase()
  await fillDatabase(databaseUrl, jobs)
  const jobcast = await startJobcast({ DATABASE_URL: databaseUrl }, ['start', '--only', 'api'])
  const bare = startChild('floors/history.ts')
  const load = startChild('load/requests.ts')
  try {
    await jobcast.untilAnswers()
    const wanted = Object.entries(pages(jobs))
    const statements = Object.fromEntries(
      await Promise.all(
        wanted.flatMap(([, queries], i) =>
          queries.map(async (query, j) => [`page${i}-${j}`, await statementOf(query)] as const),
        ),
      ),
    )
    const floorUrl = await bare.ask<string>('start', { databaseUrl, pages: statements })
    const run = async (urls: string[], forMs: number): Promise<Round> => {
      const asked = { urls, connections: CONNECTIONS, ms: forMs } satisfies RequestLoad
      const { times, seconds } = await load.ask<RequestTimes>('run', asked)
      return { rate: times.length / seconds, p99: quantile(times, 0.99) }
    }
    const results = []
    for (const [i, [page, queries]] of wanted.entries()) {
      const own = queries.map((query) => `${jobcast.url}/api/v1/jobs?${new URLSearchParams(query)}`)
      const floorPages = queries.map((_, j) => `${floorUrl}/page${i}-${j}`)
      for (const [j, url] of own.entries()) await assertSameJobs(url, floorPages[j] as string)
      const result = { page, floor: [] as Round[], jobcast: [] as Round[] }
      // The first round warms both up.
      for (let round = 0; round <= rounds; round++) {
        const floor = withFloor ? await run(floorPages, round === 0 ? 2 * ms : ms) : undefined
        const measured = await run(own, round === 0 ? 2 * ms : ms)
        if (round === 0) continue
        if (floor) result.floor.push(floor)
        result.jobcast.push(measured)
      }
      results.push(result)
    }
    return results
  } finally {
    await Promise.all([load.end(), bare.end(), jobcast.stop()])
  }
}

/**
 * The statement that Jobcast sends for a page. It is captured from Jobcast's own code, so that the floor runs
 * the same one.
 */
async function statementOf(query: Record<string, string>): Promise<Statement> {
  let statement: Statement | undefined
  const db = createDatabase({
    async query(text, params, { prepare }) {
      statement = { text, params, prepare, limit: LIMIT }
      return [[0, 0, null, 0, null, null]]
    },
    listen: async () => {},
    close: async () => {},
  })
  const asked = parseHistoryQuery(jobRegistry.filters, { order: 'desc', page: 1, limit: LIMIT, ...query })
  await readHistory(db, jobRegistry, asked)
  return statement as unknown as Statement
}

async function assertSameJobs(...urls: [string, string]): Promise<void> {
  const [a, b] = await Promise.all(
    urls.map(async (url) => JSON.stringify(((await (await fetch(url)).json()) as { data: unknown }).data)),
  )
  if (a === undefined || a.length < 100 || a !== b)
    throw new Error(`the two sides answer differently: ${a}\n${b}`)
}
