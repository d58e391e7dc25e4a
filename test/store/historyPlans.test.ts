import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodePlace, parseHistoryQuery, TOTAL_LIMIT } from '../../src/history.ts'
import { compile, type Database } from '../../src/store/database.ts'
import { readHistory, readJob } from '../../src/store/history.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { JOBS_A_BLOCK, seedJobs } from '../helpers/seedJobs.ts'

/** `npm run test:million` runs this file on 1,000,000 jobs. */
const JOBS = Number(process.env.JOBCAST_TEST_JOBS ?? 100_000)
const BLOCKS = Math.floor(JOBS / JOBS_A_BLOCK)
/** In 8 KB buffers. The cost of one page must not depend on how many jobs there are. */
const PAGE_BUFFERS = 1_300
/** Where the total is counted among rows: up to its limit of matches, whatever there are. */
const COUNTING_BUFFERS = 4_000

let server: TestPostgres
let sql: postgres.Sql
beforeAll(async () => {
  server = await startPostgres()
  const url = await server.createDatabase()
  await (await openPostgres(url)).close()
  await seedJobs(url, JOBS)
  sql = postgres(url, { max: 1, onnotice: () => {} })
}, 120_000)
afterAll(async () => {
  await sql?.end()
  await server?.stop()
})

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Node[]
}

/** The plan Postgres keeps for the statement, whatever its values, unless the store asks for one for these values. */
async function explain(run: (db: Database) => Promise<unknown>) {
  let plan: Node | undefined
  const db: Database = {
    async rows(query, { planForValues = false } = {}) {
      const { text, params } = compile(query)
      const values = params.map((value) => `'${value}'`).join(', ')
      await sql.unsafe(`set plan_cache_mode = force_${planForValues ? 'custom' : 'generic'}_plan`)
      await sql.unsafe(`prepare statement as ${text}`)
      const [row] = await sql.unsafe(
        `explain (analyze, buffers, format json) execute statement ${values && `(${values})`}`,
      )
      await sql.unsafe('deallocate statement')
      plan = row?.['QUERY PLAN'][0].Plan
      return [...(await sql.unsafe(text, params as never[]))]
    },
    listen: async () => {},
    close: async () => {},
  }
  const answer = await run(db)
  const nodes = flatten(plan as Node)
  return {
    answer,
    buffers: nodes[0] ? nodes[0]['Shared Hit Blocks'] + nodes[0]['Shared Read Blocks'] : 0,
    scansOfJobs: nodes.filter((node) => node['Relation Name'] === 'jobs' && node['Node Type'] === 'Seq Scan'),
    indexes: [...new Set(nodes.flatMap((node) => node['Index Name'] ?? []))],
  }
}

function flatten(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}

const history = (query: Record<string, unknown>) =>
  explain((db) => readHistory(db, parseHistoryQuery({ order: 'desc', page: 1, limit: 20, ...query })))

/** The cursor of the page that begins with the nth job, counted from the newest. */
const behind = (n: number) => {
  const job = JOBS - n
  return encodePlace({ blockNumber: Math.floor(job / JOBS_A_BLOCK), logIndex: job % JOBS_A_BLOCK })
}
const middle = { fromBlock: String(Math.floor(BLOCKS / 3)), toBlock: String(Math.floor(BLOCKS / 2)) }
const manyClients = Array.from({ length: 100 }, (_, i) => i).join()

describe(`on ${JOBS.toLocaleString('en')} jobs`, () => {
  it.each<Record<string, unknown>>([
    {},
    { order: 'asc' },
    { limit: 100 },
    { page: 3 },
    { status: 'OPEN' },
    { status: 'FUNDED' },
    { strategyType: 'PROGRAM' },
    { strategyType: 'PROGRAM', order: 'asc' },
    { strategyType: 'PROGRAM,RUBRIC,HYBRID,CEX_CAPITAL', limit: 100 },
    { strategyType: 'CEX_CAPITAL' },
    { strategyType: 'CEX_CAPITAL', verificationLevel: '4' },
    { verificationLevel: '1,2' },
    { strategyType: 'HYBRID', ...middle },
    { strategyType: 'HYBRID', cursor: behind(JOBS * 0.9) },
    middle,
    { fromBlock: '900000000' },
    { clientId: '7' },
    { clientId: '7', order: 'asc' },
    { clientId: '8' },
    { clientId: '5000000' },
    { clientId: manyClients, limit: 100 },
    { clientId: '7,8', ...middle },
    { clientId: '8', strategyType: 'PROGRAM' },
    { clientId: '7', strategyType: 'CEX_CAPITAL' },
    { clientId: '7', strategyType: 'CEX_CAPITAL', verificationLevel: '1', order: 'asc' },
    { clientId: '7,8,9', strategyType: 'PROGRAM,RUBRIC,HYBRID', cursor: behind(JOBS * 0.9) },
    { minBudget: '1' },
    { minBudget: '9990' },
    { minBudget: '9990', order: 'asc' },
    { minBudget: '20000' },
    { minBudget: '5000', maxBudget: '5001' },
    { minBudget: '9990', clientId: '8,9' },
  ])('an index answers %j', async (query) => {
    const { scansOfJobs, buffers } = await history(query)
    expect(scansOfJobs).toEqual([])
    expect(buffers).toBeLessThan(PAGE_BUFFERS)
  })

  it.each<Record<string, unknown>>([
    { minBudget: '5000', ...middle },
    { minBudget: '5000', strategyType: 'PROGRAM' },
    { minBudget: '5000', clientId: '7' },
    { clientId: '7', strategyType: 'PROGRAM' },
  ])('an index answers %j, and counting ends at the limit', async (query) => {
    const { scansOfJobs, buffers } = await history(query)
    expect(scansOfJobs).toEqual([])
    expect(buffers).toBeLessThan(COUNTING_BUFFERS)
  })

  it('an index answers for the rare kind of a client who has half of all jobs', async () => {
    const { scansOfJobs, indexes, buffers } = await history({ clientId: '7', strategyType: 'CEX_CAPITAL' })
    expect(scansOfJobs).toEqual([])
    expect(indexes).toContain('jobs_client_kind')
    expect(buffers).toBeLessThan(PAGE_BUFFERS)
  })

  it.each<Record<string, unknown>>([
    {},
    { cursor: behind(JOBS * 0.9), limit: 100 },
    { page: 3 },
    { clientId: '8', page: 2 },
    { strategyType: 'PROGRAM,RUBRIC', page: 4 },
    middle,
    { strategyType: 'CEX_CAPITAL' },
    { strategyType: 'PROGRAM,RUBRIC', verificationLevel: '1,2' },
    { clientId: '8' },
    { clientId: '7,8', ...middle },
    { clientId: '7,8', strategyType: 'PROGRAM,RUBRIC,HYBRID' },
    { clientId: '8', strategyType: 'CEX_CAPITAL', verificationLevel: '4' },
  ])('Postgres keeps its plan of %j by itself, instead of planning each query', async (query) => {
    let text = ''
    const db: Database = {
      async rows(statement) {
        const { text: sent, params } = compile(statement)
        text = sent
        return [...(await sql.unsafe(text, params as never[], { prepare: true }))]
      },
      listen: async () => {},
      close: async () => {},
    }
    await sql.unsafe('set plan_cache_mode = auto')
    for (let i = 0; i < 8; i++)
      await readHistory(db, parseHistoryQuery({ order: 'desc', page: 1, limit: 20, ...query } as never))
    const [kept] = await sql`
      select custom_plans::int as made, generic_plans::int as kept from pg_prepared_statements where statement = ${text}`
    // Postgres makes five to compare with.
    expect(kept).toEqual({ made: 5, kept: expect.any(Number) })
  })

  it('a page at nine tenths of the depth costs what the first one does', async () => {
    const first = await history({})
    const deep = await history({ cursor: behind(JOBS * 0.9) })
    expect(deep.answer).toMatchObject({ jobs: { length: 20 }, total: JOBS })
    expect(deep.indexes).toEqual(first.indexes)
    expect(deep.buffers).toBeLessThanOrEqual(first.buffers + 2)
    const ofStrategy = await history({ strategyType: 'PROGRAM' })
    const deepOfStrategy = await history({ strategyType: 'PROGRAM', cursor: behind(JOBS * 0.9) })
    expect(deepOfStrategy.buffers).toBeLessThanOrEqual(ofStrategy.buffers + 8)
  })

  it('the job of an id is one look into an index', async () => {
    const { answer, buffers, scansOfJobs } = await explain((db) => readJob(db, String(JOBS - 1)))
    expect(answer).toMatchObject({ jobId: String(JOBS - 1) })
    expect(scansOfJobs).toEqual([])
    expect(buffers).toBeLessThan(10)
  })

  it('total is exact by enums, and counted up to its limit otherwise', async () => {
    const [counted] = await sql`
      select count(*)::int as program, count(*) filter (where verification_level = 2)::int as both from jobs
      where strategy_type = 0`
    const total = async (query: Record<string, unknown>) =>
      ((await history(query)).answer as { total: number }).total
    expect(await total({})).toBe(JOBS)
    expect(await total({ strategyType: 'PROGRAM' })).toBe(counted?.program)
    expect(await total({ strategyType: 'PROGRAM', verificationLevel: '2' })).toBe(counted?.both)
    expect(await total({ clientId: '7' })).toBe(TOTAL_LIMIT + 1)
    const [few] = await sql`select count(*)::int as jobs from jobs where client_id = 8`
    expect(few?.jobs).toBeGreaterThan(0)
    expect(await total({ clientId: '8' })).toBe(few?.jobs)
  })
})
