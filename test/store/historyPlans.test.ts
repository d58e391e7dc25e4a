import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { encodeCursor, parseHistoryQuery } from '../../src/http/historyQuery.ts'
import { createDatabase, type Database } from '../../src/store/database.ts'
import { readHistory, TOTAL_LIMIT } from '../../src/store/history.ts'
import { readJob } from '../../src/store/lifecycle.ts'
import { RAW_JSON } from '../../src/store/postgres.ts'
import { JOBS_A_BLOCK, seedJobs } from '../helpers/seedJobs.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'

/** `npm run test:million` runs this file on 1,000,000 jobs. */
const JOBS = Number(process.env.JOBCAST_TEST_JOBS ?? 100_000)
const BLOCKS = Math.floor(JOBS / JOBS_A_BLOCK)
/** Most 8 KB buffers that a page may read: its jobs, and the index lookups that lead to them. */
const PAGE_BUFFERS = 250
/** Most buffers if the total must be counted: the count ends at its limit, however many jobs match. */
const COUNTING_BUFFERS = 12_000

let sql: postgres.Sql<{ json: string }>
beforeAll(async () => {
  const url = await createSharedDatabase()
  await seedJobs(url, JOBS)
  // JSON as text, as the store reads it.
  sql = postgres(url, { max: 1, onnotice: () => {}, types: { json: RAW_JSON } })
}, 120_000)
afterAll(async () => {
  await sql?.end()
})

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Node[]
}

/**
 * Runs a read of the store with EXPLAIN. A prepared statement gets the generic plan, any other a custom plan.
 */
async function explain<T>(read: (db: Database) => Promise<T>) {
  let plan: Node | undefined
  const db = createDatabase({
    async query(text, params, { prepare, arrays }) {
      const values = params.map((value) => `'${value}'`).join(', ')
      await sql.unsafe(`set plan_cache_mode = force_${prepare ? 'generic' : 'custom'}_plan`)
      await sql.unsafe(`prepare statement as ${text}`)
      const [row] = await sql.unsafe(
        `explain (analyze, buffers, format json) execute statement ${values && `(${values})`}`,
      )
      await sql.unsafe('deallocate statement')
      plan = JSON.parse(row?.['QUERY PLAN'])[0].Plan
      const rows = sql.unsafe(text, params as never[])
      return arrays ? rows.values() : rows
    },
    listen: async () => {},
    close: async () => {},
  })
  const answer = await read(db)
  const nodes = flatten(plan as Node)
  return {
    answer,
    buffers: nodes[0] ? nodes[0]['Shared Hit Blocks'] + nodes[0]['Shared Read Blocks'] : 0,
    scansOfJobs: nodes.filter((node) => node['Relation Name'] === 'jobs' && node['Node Type'] === 'Seq Scan'),
  }
}

function flatten(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}

const history = (query: Record<string, unknown>) =>
  explain((db) => {
    const asked = parseHistoryQuery(jobRegistry.filters, { order: 'desc', page: 1, limit: 20, ...query })
    return readHistory(db, jobRegistry, asked)
  })

/** The cursor of the page that begins after the nth newest job. */
const afterJob = (n: number) => {
  const job = JOBS - n
  return encodeCursor({ blockNumber: Math.floor(job / JOBS_A_BLOCK), logIndex: job % JOBS_A_BLOCK })
}
const middle = { fromBlock: String(Math.floor(BLOCKS / 3)), toBlock: String(Math.floor(BLOCKS / 2)) }

describe(`on ${JOBS.toLocaleString('en')} jobs`, () => {
  it.each<Record<string, unknown>>([
    {},
    { order: 'asc' },
    { limit: 100 },
    { page: 3 },
    { cursor: afterJob(JOBS * 0.9) },
    { cursor: afterJob(JOBS * 0.9), limit: 100 },
    { status: 'OPEN' },
    { status: 'FUNDED' },
    { status: 'DISPUTED' },
    { status: 'OPEN', cursor: afterJob(JOBS * 0.9) },
    { status: 'DISPUTED', cursor: afterJob(JOBS * 0.9) },
    { strategyType: 'CEX_CAPITAL' },
    { strategyType: 'CEX_CAPITAL', cursor: afterJob(JOBS * 0.9), limit: 100 },
    { strategyType: 'PROGRAM', order: 'asc' },
    { strategyType: 'PROGRAM,RUBRIC,HYBRID,CEX_CAPITAL', limit: 100 },
    { strategyType: 'HYBRID', cursor: afterJob(JOBS * 0.9) },
    { verificationLevel: '1,2' },
    { status: 'COMPLETED', strategyType: 'PROGRAM' },
    { clientId: '8' },
    { clientId: '5000000' },
    { clientId: '8', cursor: afterJob(JOBS * 0.9) },
    { clientId: '8', strategyType: 'PROGRAM' },
    { clientId: '8', status: 'OPEN', verificationLevel: '1,2' },
    { clientId: '8,9', minBudget: '9990' },
    { participant: '8' },
    { fromBlock: '900000000' },
  ])('a page of %j reads only its rows and a few index entries', async (query) => {
    const { scansOfJobs, buffers } = await history(query)
    expect(scansOfJobs).toEqual([])
    expect(buffers).toBeLessThan(PAGE_BUFFERS * (query.limit ? 2 : 1))
  })

  it.each<Record<string, unknown>>([
    middle,
    { providerId: '30' },
    { clientId: '7' },
    { clientId: '7', order: 'asc' },
    { clientId: '7', strategyType: 'PROGRAM' },
    { clientId: '7', strategyType: 'CEX_CAPITAL' },
    { clientId: '7,8', ...middle },
    { strategyType: 'HYBRID', ...middle },
    { clientId: '7', cursor: afterJob(JOBS * 0.9) },
    { clientId: '7', status: 'REJECTED' },
    { minBudget: '1' },
    { minBudget: '9990' },
    { minBudget: '20000' },
    { minBudget: '5000', strategyType: 'PROGRAM' },
    { participant: '7' },
  ])('a page of %j stops counting at the limit', async (query) => {
    expect((await history(query)).buffers).toBeLessThan(COUNTING_BUFFERS)
  })

  it('a page at 90% of the history reads as few buffers as the first page', async () => {
    const first = await history({})
    const deep = await history({ cursor: afterJob(JOBS * 0.9) })
    expect(JSON.parse(`[${deep.answer.jobs}]`)).toHaveLength(20)
    expect(deep.answer.total).toBe(JOBS)
    expect(deep.buffers).toBeLessThanOrEqual(first.buffers + 4)
  })

  it('a job is found by its id with one index lookup', async () => {
    const { answer, buffers, scansOfJobs } = await explain((db) => readJob(db, jobRegistry, String(JOBS - 1)))
    expect(answer?.job.jobId).toBe(String(JOBS - 1))
    expect(scansOfJobs).toEqual([])
    expect(buffers).toBeLessThan(12)
  })

  it('the total is exact if only statuses and choices are filtered, and otherwise counted up to a limit', async () => {
    const [counted] = await sql`
      select count(*)::int as program, count(*) filter (where keys[4] = '2')::int as both,
        count(*) filter (where keys[1] = 'OPEN')::int as open from jobs where keys[3] = 'PROGRAM'`
    const total = async (query: Record<string, unknown>) => (await history(query)).answer.total
    expect(await total({})).toBe(JOBS)
    expect(await total({ strategyType: 'PROGRAM' })).toBe(counted?.program)
    expect(await total({ strategyType: 'PROGRAM', verificationLevel: '2' })).toBe(counted?.both)
    expect(await total({ strategyType: 'PROGRAM', status: 'OPEN' })).toBe(counted?.open)
    expect(await total({ clientId: '7' })).toBe(TOTAL_LIMIT + 1)
    const [few] = await sql`select count(*)::int as jobs from jobs where keys[2] = '8'`
    expect(few?.jobs).toBeGreaterThan(0)
    expect(await total({ clientId: '8' })).toBe(few?.jobs)
  })
})
