import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { parseAbi } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineContract } from '../../src/contract/define.ts'
import { filterParameters, matches, parseFilter } from '../../src/contract/filters.ts'
import type { Job } from '../../src/contract/job.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { bytes32, choice, later } from '../../src/contract/kinds.ts'
import { createDatabase, type Database } from '../../src/store/database.ts'
import { readHistory } from '../../src/store/history.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { jobsOf } from '../helpers/historyPage.ts'
import type { Service } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { openWriter, serveDatabase, type Writer } from '../helpers/writer.ts'

const rules = jobRegistry.filters
const documentedParameters = filterParameters(rules)

let writer: Writer
let db: Database
let service: Service
beforeAll(async () => {
  const url = await createSharedDatabase()
  writer = await openWriter(url)
  db = createDatabase(await openPostgres(url, jobRegistry, { connections: 2 }))
  service = await serveDatabase(url)
})
afterAll(async () => {
  await service?.close()
  await Promise.all([db?.close(), writer?.close()])
})

const MAX = 2n ** 256n - 1n
/** Few, so that random filters hit random jobs; and the ends of the range. */
const ids = fc.constantFrom(0n, 1n, 7n, 12n, 2n ** 53n + 1n, MAX - 1n, MAX).map(String)
const units = fc.oneof(
  fc.constantFrom(0n, 1n, 999_999n, 1_000_000n, 100_000_000n, MAX),
  fc.bigInt({ min: 0n, max: 3_000_000n }),
)
const usdc = (value: bigint) =>
  String(value)
    .padStart(7, '0')
    .replace(/(.{6})$/, '.$1')
const strategies = ['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL', 'UNKNOWN_9']

const job: fc.Arbitrary<Partial<Job>> = fc.record({
  status: fc.constantFrom(...jobRegistry.statuses),
  clientId: ids,
  providerId: fc.option(ids),
  evaluatorId: fc.option(ids),
  // Values of a newer contract too.
  strategyType: fc.constantFrom(...strategies),
  verificationLevel: fc.constantFrom(0, 1, 2, 3, 4, 5),
  budget: units.map(usdc),
})

const list = <T>(value: fc.Arbitrary<T>) =>
  fc.array(value, { minLength: 1, maxLength: 4 }).map((values) => values.join(','))
/** The same amount in the ways a person may write it. */
const amount = fc.tuple(units, fc.nat(6), fc.boolean()).map(([value, digits, zero]) => {
  const [whole, fraction] = usdc(value).split('.') as [string, string]
  const short = fraction.replace(/0+$/, '').padEnd(digits, '0')
  return `${zero ? '00' : ''}${whole}${short && `.${short}`}`
})
const parameters = fc.record({
  status: list(fc.constantFrom(...jobRegistry.statuses)),
  clientId: list(fc.oneof(ids, fc.constant('007'))),
  providerId: list(ids),
  participant: list(ids),
  strategyType: list(fc.constantFrom(...strategies)),
  verificationLevel: list(fc.constantFrom('1', '2', '3', '4', 'UNKNOWN_5', 'UNKNOWN_0')),
  minBudget: amount,
  maxBudget: amount,
})
const names = fc.subarray(Object.keys(documentedParameters), { maxLength: 3 })
const query = fc
  .tuple(parameters, names)
  .map(([all, chosen]) => Object.fromEntries(Object.entries(all).filter(([name]) => chosen.includes(name))))
  // One that no job can match is refused.
  .filter(({ minBudget, maxBudget }) => !minBudget || !maxBudget || Number(minBudget) < Number(maxBudget))

describe('a filter', () => {
  it('is the same for the history and for the stream', async () => {
    let hits = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(job, { minLength: 1, maxLength: 12 }),
        fc.array(query, { minLength: 1, maxLength: 6 }),
        async (jobs, queries) => {
          await writer.add(...jobs)
          const [newest] = await writer.run(sql`select max(block_number) as n from jobs`)
          const block = Number(newest?.n)
          const page = {
            order: 'asc',
            limit: 100,
            offset: 0,
            fromBlock: block,
            toBlock: block,
          } as const
          const all = jobsOf(await readHistory(db, jobRegistry, { ...page, filter: [] }))
          expect(all).toHaveLength(jobs.length)
          for (const each of queries) {
            const filter = parseFilter(rules, each)
            const history = await readHistory(db, jobRegistry, { ...page, filter })
            const wanted = matches(filter)
            const streamed = all.filter((data) => wanted(JSON.parse(data)))
            expect(jobsOf(history)).toEqual(streamed)
            expect(history.total).toBe(streamed.length)
            hits += streamed.length
          }
        },
      ),
      { numRuns: 150 },
    )
    // A filter that never matches would prove nothing.
    expect(hits).toBeGreaterThan(300)
  })

  it('is parsed to the same form, in whatever order and notation its values are given', () => {
    expect(parseFilter(rules, { clientId: '12,7,12,007', minBudget: '01.50' })).toEqual(
      parseFilter(rules, { clientId: '007,12', minBudget: '1.5' }),
    )
  })

  it('includes budgets that equal its bounds', () => {
    const hold = matches(parseFilter(rules, { minBudget: '1.5', maxBudget: '2' }))
    const at = (budget: string) => hold({ budget } as unknown as Job)
    expect(['1.499999', '1.500000', '2.000000', '2.000001'].map(at)).toEqual([false, true, true, false])
  })

  it('takes hex values of the length of the field only', () => {
    const abi = parseAbi(['event TaskPosted(uint256 indexed taskId, bytes4 kind)'])
    const { filters } = defineContract({ abi, created: 'TaskPosted' })
    const parameter = filters.find(({ name }) => name === 'kind')?.parameter
    const takes = (text: string) => new RegExp(`^${parameter?.pattern}$`).test(text)
    expect(takes('0x0102aBcd')).toBe(true)
    expect(['0x', '0x01', '0x010203', '0x0102030405'].some(takes)).toBe(false)
    expect(parameter?.takes).toBe('bytes4 values in hex')
  })

  it('of the creating transaction takes its hash, if the definition makes it a filter', () => {
    const abi = parseAbi(['event JobCreated(uint256 indexed jobId)'])
    const { filters } = defineContract({ abi, fields: { creationTxHash: bytes32() } })
    const parameter = filters.find(({ name }) => name === 'creationTxHash')?.parameter
    expect(`0x${'ab'.repeat(32)}`).toMatch(new RegExp(`^${parameter?.pattern}$`))
  })

  it('finds no job without a value, even by a value that is named null', () => {
    const abi = parseAbi([
      'event JobCreated(uint256 indexed jobId)',
      'event JobRated(uint256 indexed jobId, uint8 level)',
    ])
    const { filters } = defineContract({ abi, fields: { level: later(choice(['null', 'high'])) } })
    const hold = matches(parseFilter(filters, { level: 'null' }))
    expect(hold({ level: 'null' } as unknown as Job)).toBe(true)
    expect(hold({ level: null } as unknown as Job)).toBe(false)
  })

  it('finds a value of a newer contract by its name, such as UNKNOWN_9', () => {
    const hold = matches(parseFilter(rules, { strategyType: 'UNKNOWN_9', verificationLevel: 'UNKNOWN_7' }))
    expect(hold({ strategyType: 'UNKNOWN_9', verificationLevel: 7 } as unknown as Job)).toBe(true)
    expect(hold({ strategyType: 'PROGRAM', verificationLevel: 7 } as unknown as Job)).toBe(false)
  })
})

describe.each(['/api/v1/jobs', '/api/v1/events'])('%s', (path) => {
  const wrong: [query: string, message: RegExp][] = [
    ['nope=1', /unknown parameter nope; known parameters: .*clientId.*maxBudget/],
    ['clientid=1', /unknown parameter clientid/],
    ['clientId=', /clientId takes integers in decimal/],
    ['clientId=1,,2', /clientId takes integers in decimal/],
    ['clientId=x', /clientId takes integers in decimal; comma-separated, at most 100; found "x"/],
    ['clientId=0x1', /clientId takes/],
    ['clientId=-7', /clientId takes integers in decimal/],
    ['participant=-7', /participant takes integers in decimal/],
    ['clientId=1%00', /clientId takes/],
    [`clientId=${MAX + 1n}`, /clientId takes integers up to the largest uint256/],
    [`clientId=${Array.from({ length: 101 }, (_, i) => i).join(',')}`, /clientId takes at most 100 values/],
    ['clientId=1&clientId=2', /clientId is given more than once; give it once, values comma-separated/],
    ['strategyType=program', /strategyType takes any of PROGRAM, RUBRIC, HYBRID, CEX_CAPITAL/],
    ['strategyType=UNKNOWN_', /strategyType takes/],
    ['strategyType=UNKNOWN_09', /strategyType takes any of .*, or UNKNOWN_n/],
    ['strategyType=UNKNOWN_0', /strategyType takes any of .*found "UNKNOWN_0", but 0 is a known value/],
    ['strategyType=UNKNOWN_3', /strategyType takes any of .*found "UNKNOWN_3"/],
    [
      'strategyType=RUBRIC,UNKNOWN_256',
      /strategyType takes any of .*found "UNKNOWN_256", but no uint8 is as large/,
    ],
    ['verificationLevel=UNKNOWN_4', /verificationLevel takes any of .*found "UNKNOWN_4"/],
    ['verificationLevel=UNKNOWN_256', /verificationLevel takes .*no uint8 is as large/],
    ['status=open', /status takes any of OPEN, FUNDED/],
    ['participant=me', /participant takes integers in decimal; a job matches if one of them is its /],
    ['minBudget=2&maxBudget=1', /minBudget is above maxBudget/],
    ['verificationLevel=0', /verificationLevel takes any of 1, 2, 3, 4/],
    ['verificationLevel=L1', /verificationLevel takes/],
    ['minBudget=1e3', /minBudget takes USDC, inclusive, with at most 6 fraction digits/],
    ['minBudget=.5', /minBudget takes/],
    ['maxBudget=1.0000001', /maxBudget takes/],
    ['maxBudget=-1', /maxBudget takes/],
    ['minBudget=x&maxBudget=y', /minBudget takes.*; maxBudget takes/],
  ]
  it.each(wrong)('?%s is a 400 that states the accepted values', async (text, message) => {
    const { success, error } = await service.get(`${path}?${text}`, 400)
    expect(success).toBe(false)
    expect(error.code).toBe('BAD_REQUEST')
    expect(error.message).toMatch(message)
  })

  it('the message of a 400 has a bounded length', async () => {
    const many = Array.from({ length: 2_000 }, (_, i) => `x${i}=`).join('&')
    const { error } = await service.get(`${path}?${many}`, 400)
    expect(error.message.length).toBeLessThan(500)
  })

  it('the filters are documented with the patterns that validate them', async () => {
    const document = await service.get('/openapi.json')
    const documented = document.paths[path].get.parameters as Record<string, unknown>[]
    for (const [name, { description, pattern }] of Object.entries(
      documentedParameters as Record<string, { description?: string; pattern?: string }>,
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
    ['filter=error', /^filter takes/],
    ['types=', /types takes/],
    ['types=*a*b*c*d*', /types takes patterns with at most 3 \*/],
    ['types=job_*&filter=job_*', /types and filter are the same parameter/],
    ['fromBlock=1', /unknown parameter fromBlock/],
    ['lastEventId=', /lastEventId takes/],
    ['lastEventId=-1', /lastEventId takes/],
    ['lastEventId=1.5', /lastEventId takes/],
    ['lastEventId=9007199254740993', /lastEventId takes/],
    ['last_event_id=9007199254740993', /^last_event_id takes/],
    ['last_event_id=abc', /last_event_id takes/],
    ['lastEventId=1&last_event_id=1', /are the same parameter/],
  ])('?%s is a 400 that states the accepted values', async (text, message) => {
    const { error } = await service.get(`/api/v1/events?${text}`, 400)
    expect(error.code).toBe('BAD_REQUEST')
    expect(error.message).toMatch(message)
  })
})
