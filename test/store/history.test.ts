import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { matches, parseFilter } from '../../src/contract/filters.ts'
import type { Job, JobLog } from '../../src/contract/job.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { parseHistoryQuery } from '../../src/http/historyQuery.ts'
import { fold, rewindEntries } from '../../src/indexer/fold.ts'
import { type Cursor, readCursor } from '../../src/store/cursor.ts'
import { createDatabase, type Database } from '../../src/store/database.ts'
import { type HistoryQuery, readHistory } from '../../src/store/history.ts'
import { readJobs, readRewind } from '../../src/store/jobs.ts'
import { readJob } from '../../src/store/lifecycle.ts'
import { openPglite } from '../../src/store/pglite.ts'
import type { JobWrite, Step } from '../../src/store/writes.ts'
import { createDataDir } from '../helpers/dataDir.ts'
import { jobsOf } from '../helpers/historyPage.ts'
import { anyJob, beginIndex, commitBlock, stored } from '../helpers/writer.ts'

const BLOCKS = 60
const hash = (n: number): `0x${string}` => `0x${n.toString(16).padStart(64, '0')}`

let dir: Awaited<ReturnType<typeof createDataDir>>
let db: Database
const jobs: Job[] = []
beforeAll(async () => {
  dir = await createDataDir()
  db = createDatabase(await openPglite(dir.path, jobRegistry))
  await beginIndex(db)
  // Added, removed and added again: the tallies must not count the removed jobs.
  await addBlocks(1, BLOCKS)
  jobs.length = 0
  const writes = await readRewind(db, 0)
  await commit(0, { jobs: writes, entries: rewindEntries(writes) })
  await addBlocks(1, BLOCKS)
})
afterAll(async () => {
  await db?.close()
  await dir?.remove()
})

async function commit(number: number, step: Partial<Step>): Promise<void> {
  await commitBlock(db, (await readCursor(db)) as Cursor, number, step)
}

async function addBlocks(from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    const created = Array.from({ length: number % 7 }, (_, i): Job => {
      const n = number * 10 + i
      return {
        ...anyJob(n, number),
        status: ['OPEN', 'FUNDED', 'COMPLETED'][n % 3] as string,
        clientId: n % 3 === 0 ? String(2n ** 256n - 1n) : String(n % 5),
        strategyType:
          n % 11 === 0 ? 'UNKNOWN_9' : (['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL'][n % 4] as string),
        verificationLevel: 1 + (n % 4),
        budget: `${(n * 7919) % 1000}.000000`,
        providerId: n % 2 === 0 ? String(n % 4) : null,
      }
    })
    const writes = created.map((job, i): JobWrite => {
      return { blockNumber: number, logIndex: i * 2, before: null, after: stored(job) }
    })
    const entries = writes.map(({ after }) => ({
      type: 'job_created' as const,
      data: after?.data ?? '',
      before: null,
    }))
    await commit(number, { jobs: writes, entries })
    jobs.push(...created)
  }
}

const some = (values: readonly string[]) =>
  fc.option(
    fc.subarray([...values], { minLength: 1 }).map((chosen) => chosen.join()),
    { nil: undefined },
  )
const block = fc.option(fc.integer({ min: 0, max: BLOCKS + 5 }).map(String), { nil: undefined })
const usdc = fc.option(fc.integer({ min: 0, max: 1_000 }).map(String), { nil: undefined })
const queries = fc
  .record({
    clientId: some(['0', '01', '1', '2', '3', '77', String(2n ** 256n - 1n)]),
    providerId: some(['0', '2', '5']),
    participant: some(['0', '2', '3']),
    strategyType: some(['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL', 'UNKNOWN_9']),
    verificationLevel: some(['1', '2', '3', '4']),
    minBudget: usdc,
    maxBudget: usdc,
    status: some(jobRegistry.statuses),
    fromBlock: block,
    toBlock: block,
    order: fc.constantFrom('asc', 'desc'),
    limit: fc.integer({ min: 1, max: 100 }),
  })
  // Queries that no job can match are refused.
  .filter(({ minBudget, maxBudget }) => !minBudget || !maxBudget || Number(minBudget) <= Number(maxBudget))
  .filter(({ fromBlock, toBlock }) => !fromBlock || !toBlock || Number(fromBlock) <= Number(toBlock))
type Query = typeof queries extends fc.Arbitrary<infer Q> ? Q : never

/** The expected answer, from all jobs in memory. test/contract/filters.test.ts checks the predicate. */
function expected(query: Query): string[] {
  const wanted = matches(parseFilter(jobRegistry.filters, query))
  const found = jobs
    .filter(wanted)
    .filter(({ blockNumber }) => Number(blockNumber) >= Number(query.fromBlock ?? 0))
    .filter(({ blockNumber }) => Number(blockNumber) <= Number(query.toBlock ?? Number.POSITIVE_INFINITY))
    .map((job) => JSON.stringify(job))
  return query.order === 'asc' ? found : found.reverse()
}

const parsed = (query: Partial<Query> & { page?: number }): HistoryQuery =>
  parseHistoryQuery(jobRegistry.filters, { page: 1, ...JSON.parse(JSON.stringify(query)) })
const read = (query: HistoryQuery) => readHistory(db, jobRegistry, query)

it('the pages of any query by cursor are exactly the jobs that match, in order, with the exact total', async () => {
  await fc.assert(
    fc.asyncProperty(queries, async (query) => {
      const wanted = expected(query)
      const walked: string[] = []
      let after: HistoryQuery['after'] | null
      do {
        const page = await read({ ...parsed(query), ...(after && { after }) })
        expect(page.total).toBe(wanted.length)
        expect(jobsOf(page).length).toBeLessThanOrEqual(query.limit)
        walked.push(...jobsOf(page))
        after = page.next
      } while (after)
      expect(walked).toEqual(wanted)
    }),
    { numRuns: 150 },
  )
})

it('any page by number is the corresponding part of the same list', async () => {
  await fc.assert(
    fc.asyncProperty(queries, fc.integer({ min: 1, max: 8 }), async (query, page) => {
      const wanted = expected(query)
      const found = await read(parsed({ ...query, page }))
      expect(jobsOf(found)).toEqual(wanted.slice((page - 1) * query.limit, page * query.limit))
      expect(found.next !== null).toBe(found.jobs !== '' && wanted.length > page * query.limit)
    }),
    { numRuns: 150 },
  )
})

it('a page by cursor does not shift when jobs arrive', async () => {
  const query = parsed({ order: 'desc', limit: 10 })
  const first = await read(query)
  const after = first.next
  if (!after) throw new Error('there is no second page')
  const second = await read({ ...query, after })
  await addBlocks(BLOCKS + 1, BLOCKS + 4)
  const later = await read({ ...query, after })
  expect(later.jobs).toEqual(second.jobs)
  expect(later.lastId).toBe(second.lastId + (later.total - second.total))
})

it('a job is found by its id, and an unknown id gives null', async () => {
  const job = jobs[40] as Job
  expect(await readJob(db, jobRegistry, job.jobId)).toMatchObject({
    job,
    lifecycle: [{ event: 'JobCreated' }],
  })
  expect(await readJob(db, jobRegistry, '123456789')).toBeNull()
})

it('a change of an id that was used twice applies to the latest job, and a rewind undoes it', async () => {
  const log = (
    blockNumber: number,
    part: { job: Job; set: null } | { job: null; set: Partial<Job> },
  ): JobLog => ({
    blockNumber,
    logIndex: 0,
    transactionHash: hash(blockNumber),
    timestamp: '5',
    event: 'E',
    jobId: '999999',
    raw: {} as never,
    ...part,
  })
  const at = ((await readCursor(db)) as Cursor).blockNumber
  const [first, second] = [anyJob(999_999, at + 1), { ...anyJob(999_999, at + 2), clientId: '8' }]
  const step = async (number: number, logs: JobLog[]) =>
    commit(number, fold(await readJobs(db, ['999999']), logs, { silent: false, finalizedNumber: 0 }))
  await step(at + 1, [log(at + 1, { job: first, set: null })])
  await step(at + 2, [log(at + 2, { job: second, set: null })])
  await step(at + 3, [log(at + 3, { job: null, set: { status: 'FUNDED', providerId: '3' } })])
  const changed = await readJob(db, jobRegistry, '999999')
  expect(changed?.job).toEqual({ ...second, status: 'FUNDED', providerId: '3' })
  expect(changed?.lifecycle.map(({ status }) => status)).toEqual(['OPEN', 'FUNDED'])
  const writes = await readRewind(db, at + 2)
  await commit(at + 2, { jobs: writes, entries: rewindEntries(writes) })
  expect(await readJob(db, jobRegistry, '999999')).toMatchObject({ job: second, lifecycle: [{}] })
  const all = await read(parsed({ order: 'desc', limit: 2 }))
  expect(jobsOf(all)).toEqual([second, first].map((job) => JSON.stringify(job)))
})
