import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseHistoryQuery } from '../../src/history.ts'
import { type Job, type JobRecord, jobStatuses, parseUsdc, strategyTypes, toJob } from '../../src/job.ts'
import { beginCursor, readCursor } from '../../src/store/cursor.ts'
import type { Database } from '../../src/store/database.ts'
import { readHistory, readJob } from '../../src/store/history.ts'
import { openPglite } from '../../src/store/pglite.ts'
import { advance, rewind } from '../../src/store/step.ts'
import { tempDir } from '../helpers/tempDir.ts'

const BLOCKS = 60
const hash = (n: number): `0x${string}` => `0x${n.toString(16).padStart(64, '0')}`

let dir: Awaited<ReturnType<typeof tempDir>>
let db: Database
const records: JobRecord[] = []
beforeAll(async () => {
  dir = await tempDir()
  db = await openPglite(dir.path)
  const none = { number: 0, hash: hash(0), timestamp: '0' }
  await beginCursor(db, {
    chainId: 1,
    genesisHash: hash(0),
    contract: '0x00',
    startBlock: 1,
    feedFromBlock: 0,
    silent: false,
    blockNumber: 0,
    blockHash: none.hash,
    blockTimestamp: '0',
    finalizedNumber: 0,
  })
  // Twice the upper half: what a reorg took away must not be in the tallies.
  await addBlocks(1, BLOCKS)
  records.length = 0
  const cursor = await readCursor(db)
  await rewind(db, cursor as NonNullable<typeof cursor>, 'me', none)
  await addBlocks(1, BLOCKS)
})
afterAll(async () => {
  await db?.close()
  await dir?.remove()
})

async function addBlocks(from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    const jobs = Array.from({ length: number % 7 }, (_, i): JobRecord => {
      const n = number * 10 + i
      return {
        jobId: String(n),
        clientId: n % 3 === 0 ? String(2n ** 256n - 1n) : String(n % 5),
        strategyType: n % 11 === 0 ? 9 : n % 4,
        verificationLevel: 1 + (n % 4),
        budget: `${(n * 7919) % 1000}000000`,
        deadline: '1790000000',
        blockNumber: number,
        blockHash: hash(number),
        blockTimestamp: String(1_780_000_000 + number),
        logIndex: i * 2,
        transactionHash: hash(n),
      }
    })
    const cursor = await readCursor(db)
    await advance(db, cursor as NonNullable<typeof cursor>, 'me', {
      to: { number, hash: hash(number), timestamp: '0' },
      blocks: [{ number, hash: hash(number) }],
      finalizedNumber: 0,
      head: { number: to, timestamp: '0' },
      jobs,
      malformed: [],
    })
    records.push(...jobs)
  }
}

const some = (values: readonly string[]) =>
  fc.option(
    fc.subarray([...values], { minLength: 1 }).map((chosen) => chosen.join()),
    { nil: undefined },
  )
const block = fc.option(fc.integer({ min: 0, max: BLOCKS + 5 }).map(String), { nil: undefined })
const usdc = fc.option(fc.integer({ min: 0, max: 1_000 }).map(String), { nil: undefined })
const queries = fc.record({
  clientId: some(['0', '01', '1', '2', '3', '77', String(2n ** 256n - 1n)]),
  strategyType: some(strategyTypes),
  verificationLevel: some(['1', '2', '3', '4']),
  minBudget: usdc,
  maxBudget: usdc,
  status: fc.option(fc.constantFrom(...jobStatuses, 'OPEN', 'FUNDED,OPEN'), { nil: undefined }),
  fromBlock: block,
  toBlock: block,
  order: fc.constantFrom('asc', 'desc'),
  limit: fc.integer({ min: 1, max: 100 }),
})
type Query = typeof queries extends fc.Arbitrary<infer Q> ? Q : never

/** The same answer the slow way. */
function expected(query: Query): Job[] {
  const within = (value: bigint, low: string | undefined, high: string | undefined) =>
    (low === undefined || value >= BigInt(low)) && (high === undefined || value <= BigInt(high))
  const units = (amount: string | undefined) => amount && parseUsdc(amount)
  const found = records
    .filter(
      (r) => !query.clientId || query.clientId.split(',').some((id) => BigInt(id) === BigInt(r.clientId)),
    )
    .filter((r) => within(BigInt(r.blockNumber), query.fromBlock, query.toBlock))
    .filter((r) => within(BigInt(r.budget), units(query.minBudget), units(query.maxBudget)))
    .map(toJob)
    .filter((job) => !query.strategyType || query.strategyType.split(',').includes(job.strategyType))
    .filter(
      (job) =>
        !query.verificationLevel?.length || query.verificationLevel.includes(String(job.verificationLevel)),
    )
    .filter((job) => !query.status || query.status.split(',').includes(job.status))
  return query.order === 'asc' ? found : found.reverse()
}

const parsed = (query: Query & { page?: number; cursor?: string }) =>
  parseHistoryQuery({
    page: 1,
    ...(JSON.parse(JSON.stringify(query)) as typeof query & { order: string }),
  } as never)

it('walking any query by cursor gives exactly the jobs that match, in order, with the exact total', async () => {
  await fc.assert(
    fc.asyncProperty(queries, async (query) => {
      const wanted = expected(query)
      const walked: Job[] = []
      let place: Awaited<ReturnType<typeof readHistory>>['next'] | undefined
      do {
        const page = await readHistory(db, { ...parsed(query), after: place ?? undefined })
        expect(page.total).toBe(wanted.length)
        expect(page.jobs.length).toBeLessThanOrEqual(query.limit)
        walked.push(...page.jobs)
        place = page.next
      } while (place)
      expect(walked).toEqual(wanted)
    }),
    { numRuns: 150 },
  )
})

it('any page by number is the same part of the same list', async () => {
  await fc.assert(
    fc.asyncProperty(queries, fc.integer({ min: 1, max: 8 }), async (query, page) => {
      const wanted = expected(query)
      const { jobs, next } = await readHistory(db, parsed({ ...query, page }))
      expect(jobs).toEqual(wanted.slice((page - 1) * query.limit, page * query.limit))
      expect(next !== null).toBe(jobs.length > 0 && wanted.length > page * query.limit)
    }),
    { numRuns: 150 },
  )
})

it('a page by cursor does not shift when jobs arrive', async () => {
  const query = parsed({ order: 'desc', limit: 10 } as Query)
  const first = await readHistory(db, query)
  const second = await readHistory(db, { ...query, after: first.next ?? undefined })
  await addBlocks(BLOCKS + 1, BLOCKS + 4)
  const after = await readHistory(db, { ...query, after: first.next ?? undefined })
  expect(after.jobs).toEqual(second.jobs)
  expect(after.lastId).toBe(second.lastId + (after.total - second.total))
})

it('the job of an id is found, and an unknown one is null', async () => {
  const record = records[40] as JobRecord
  expect(await readJob(db, record.jobId)).toEqual(toJob(record))
  expect(await readJob(db, '123456789')).toBeNull()
})
