import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FilterQuery, filterParameters, matches, parseFilter } from '../src/filter.ts'
import { type JobRecord, toJob } from '../src/job.ts'
import type { Database } from '../src/store/database.ts'
import { readHistory } from '../src/store/history.ts'
import { openPostgres } from '../src/store/postgres.ts'
import { startPostgres, type TestPostgres } from './helpers/postgres.ts'
import type { Service } from './helpers/service.ts'
import { openWriter, serveDatabase, type Writer } from './helpers/writer.ts'

let postgres: TestPostgres
let writer: Writer
let db: Database
let service: Service
beforeAll(async () => {
  postgres = await startPostgres()
  const url = await postgres.createDatabase()
  writer = await openWriter(url)
  db = await openPostgres(url, { connections: 2 })
  service = await serveDatabase(url)
})
afterAll(async () => {
  await service.close()
  await Promise.all([db.close(), writer.close()])
  await postgres.stop()
})

const MAX = 2n ** 256n - 1n
/** Few, so that random filters hit random jobs; and the ends of the range. */
const clients = fc.constantFrom(0n, 1n, 7n, 12n, 2n ** 53n + 1n, MAX - 1n, MAX).map(String)
const units = fc.oneof(
  fc.constantFrom(0n, 1n, 999_999n, 1_000_000n, 100_000_000n, MAX),
  fc.bigInt({ min: 0n, max: 3_000_000n }),
)

const job: fc.Arbitrary<Partial<JobRecord>> = fc.record({
  clientId: clients,
  // Values of a newer contract too: they match no name.
  strategyType: fc.constantFrom(0, 1, 2, 3, 9),
  verificationLevel: fc.constantFrom(0, 1, 2, 3, 4, 5),
  budget: units.map(String),
})

const list = <T>(value: fc.Arbitrary<T>) =>
  fc.array(value, { minLength: 1, maxLength: 4 }).map((values) => values.join(','))
/** The same amount in the ways a person may write it. */
const amount = fc.tuple(units, fc.nat(6), fc.boolean()).map(([value, digits, zero]) => {
  const text = String(value).padStart(7, '0')
  const fraction = text.slice(-6).replace(/0+$/, '').padEnd(digits, '0')
  return `${zero ? '00' : ''}${text.slice(0, -6)}${fraction && `.${fraction}`}`
})
const parameters = fc.record({
  clientId: list(fc.oneof(clients, fc.constant('007'))),
  strategyType: list(fc.constantFrom('PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL')),
  verificationLevel: list(fc.integer({ min: 1, max: 4 })),
  minBudget: amount,
  maxBudget: amount,
})
const names = fc.subarray(Object.keys(filterParameters), { maxLength: 3 })
const query: fc.Arbitrary<FilterQuery> = fc
  .tuple(parameters, names)
  .map(([all, chosen]) => Object.fromEntries(Object.entries(all).filter(([name]) => chosen.includes(name))))

describe('a filter', () => {
  it('is the same for the history and for the stream', async () => {
    let hits = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(job, { minLength: 1, maxLength: 12 }),
        fc.array(query, { minLength: 1, maxLength: 6 }),
        async (jobs, queries) => {
          await writer.add(...jobs)
          const [newest] = await db.rows(sql`select max(block_number) as n from jobs`)
          const block = Number(newest?.n)
          const page = { order: 'asc', limit: 100, offset: 0, fromBlock: block, toBlock: block } as const
          const all = (await readHistory(db, page)).jobs
          expect(all).toHaveLength(jobs.length)
          for (const each of queries) {
            const filter = parseFilter(each)
            const history = await readHistory(db, { ...page, ...filter })
            const streamed = all.filter(matches(filter))
            expect(history.jobs).toEqual(streamed)
            expect(history.total).toBe(streamed.length)
            hits += streamed.length
          }
        },
      ),
      { numRuns: 150 },
    )
    // A filter that never hits would prove nothing.
    expect(hits).toBeGreaterThan(300)
  })

  it('has one form, however it is written', () => {
    expect(parseFilter({ clientId: '12,7,12,007', minBudget: '01.50' })).toEqual(
      parseFilter({ clientId: '007,12', minBudget: '1.5' }),
    )
  })

  it('takes each budget at its borders', () => {
    const at = (budget: string) => toJob({ budget, strategyType: 0 } as JobRecord)
    const hold = matches(parseFilter({ minBudget: '1.5', maxBudget: '2' }))
    expect(['1499999', '1500000', '2000000', '2000001'].map((budget) => hold(at(budget)))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
})

describe.each(['/api/v1/jobs', '/api/v1/events'])('%s', (path) => {
  const wrong: [query: string, message: RegExp][] = [
    ['nope=1', /unknown parameter nope; there are .*clientId.*maxBudget/],
    ['clientid=1', /unknown parameter clientid/],
    ['clientId=', /clientId takes uint256 ids/],
    ['clientId=1,,2', /clientId takes uint256 ids/],
    ['clientId=-1', /clientId takes uint256 ids in decimal, comma-separated, at most 100; "-1" is not/],
    ['clientId=0x1', /clientId takes/],
    ['clientId=1%00', /clientId takes/],
    [`clientId=${MAX + 1n}`, /clientId is over the largest uint256/],
    [`clientId=${Array.from({ length: 101 }, (_, i) => i).join(',')}`, /clientId takes at most 100 values/],
    ['clientId=1&clientId=2', /clientId is given more than once; give it once, values comma-separated/],
    ['strategyType=program', /strategyType takes any of PROGRAM, RUBRIC, HYBRID, CEX_CAPITAL/],
    ['strategyType=UNKNOWN_9', /strategyType takes/],
    ['verificationLevel=0', /verificationLevel takes any of 1, 2, 3, 4/],
    ['verificationLevel=L1', /verificationLevel takes/],
    ['minBudget=1e3', /minBudget takes decimal USDC, inclusive, at most 6 fraction digits/],
    ['minBudget=.5', /minBudget takes/],
    ['maxBudget=1.0000001', /maxBudget takes/],
    ['maxBudget=-1', /maxBudget takes/],
    [`maxBudget=${'9'.repeat(72)}`, /maxBudget is over the largest uint256/],
    ['minBudget=x&maxBudget=y', /minBudget takes.*; maxBudget takes/],
  ]
  it.each(wrong)('?%s is a 400 that says what is taken', async (text, message) => {
    const { success, error } = await service.get(`${path}?${text}`, 400)
    expect(success).toBe(false)
    expect(error.code).toBe('BAD_REQUEST')
    expect(error.message).toMatch(message)
  })

  it('a 400 never outgrows what was asked', async () => {
    const many = Array.from({ length: 2_000 }, (_, i) => `x${i}=`).join('&')
    const { error } = await service.get(`${path}?${many}`, 400)
    expect(error.message.length).toBeLessThan(500)
  })

  it('is documented by the definition that validates it', async () => {
    const document = await service.get('/openapi.json')
    const documented = document.paths[path].get.parameters as Record<string, unknown>[]
    for (const [name, { description, pattern }] of Object.entries(
      filterParameters as Record<string, { description?: string; pattern?: string }>,
    ))
      expect(documented.find((each) => each.name === name)).toMatchObject({
        in: 'query',
        description,
        schema: { type: 'string', pattern },
      })
  })
})

describe('/api/v1/events', () => {
  it.each([
    ['types=jobs', /types takes event names or patterns with \*.*; "jobs" is none of them/],
    ['types=job_created,nope', /"nope" is none of them/],
    ['filter=error', /types takes/],
    ['types=', /types takes/],
    ['types=*a*b*c*d*', /too many \*/],
    ['types=job_*&filter=job_*', /types and filter are the same parameter/],
    ['status=OPEN', /unknown parameter status/],
    ['lastEventId=', /lastEventId takes/],
    ['lastEventId=-1', /lastEventId takes/],
    ['lastEventId=1.5', /lastEventId takes/],
    ['lastEventId=9007199254740993', /lastEventId takes/],
    ['last_event_id=abc', /last_event_id takes/],
    ['lastEventId=1&last_event_id=1', /are the same parameter/],
  ])('?%s is a 400 that says what is taken', async (text, message) => {
    const { error } = await service.get(`/api/v1/events?${text}`, 400)
    expect(error.code).toBe('BAD_REQUEST')
    expect(error.message).toMatch(message)
  })
})
