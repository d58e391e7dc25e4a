import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ContractInfo, createMatcher } from '../client/src/filter.ts'
import type { JobBase } from '../client/src/job.ts'
import type { Contract } from '../src/contract/define.ts'
import { erc8183 } from '../src/contract/erc8183.ts'
import { matches, parseFilter } from '../src/contract/filters.ts'
import type { Job } from '../src/contract/job.ts'
import { jobRegistry } from '../src/contract/jobRegistry.ts'
import { load } from './page/load.ts'

const page = await load('matching')

/** The definition as in /api/v1/config. */
const asInConfig = ({ name, fields, filters }: Contract): ContractInfo => ({
  name,
  fields: fields.map(({ name, kind, values }) => ({ name, kind, ...(values && { values }) })),
  filters: filters.map(({ name, operator, fields }) => ({
    name,
    kind: operator,
    fields,
  })),
})

const addresses = [`0x${'ab'.repeat(20)}`, `0x${'0c'.repeat(20)}`]
const ids = ['1', '7', '12', (2n ** 256n - 1n).toString()]
const fewOf = (values: string[]) => fc.subarray(values, { minLength: 1 }).map((few) => few.join(','))
const orNone = (values: fc.Arbitrary<string>) => fc.option(values, { nil: undefined })

const registry = {
  contract: jobRegistry,
  job: fc.record({
    status: fc.constantFrom('OPEN', 'FUNDED'),
    clientId: fc.constantFrom(...ids),
    providerId: fc.constantFrom(...ids, null),
    evaluatorId: fc.constantFrom(...ids, null),
    strategyType: fc.constantFrom('PROGRAM', 'RUBRIC', 'UNKNOWN_9'),
    verificationLevel: fc.constantFrom(1, 2, 9),
    budget: fc.constantFrom('0.000000', '9.999999', '10.000000', '100.000000', `${ids[3]}.000000`),
  }),
  query: fc.record({
    status: orNone(fewOf(['OPEN', 'FUNDED'])),
    clientId: orNone(fewOf(['007', ...ids])),
    participant: orNone(fewOf(ids)),
    strategyType: orNone(fewOf(['PROGRAM', 'RUBRIC', 'UNKNOWN_9'])),
    verificationLevel: orNone(fewOf(['1', 'UNKNOWN_7', 'UNKNOWN_9'])),
    minBudget: orNone(fc.constantFrom('0', '9.5', '010', '10.0')),
    maxBudget: orNone(fc.constantFrom('10', '99.99', '1000')),
  }),
}
const commerce = {
  contract: erc8183,
  job: fc.record({
    status: fc.constantFrom('OPEN', 'EXPIRED'),
    client: fc.constantFrom(...addresses),
    provider: fc.constantFrom(...addresses, null),
    evaluator: fc.constantFrom(...addresses),
    paymentToken: fc.constantFrom(...addresses, null),
    budget: fc.constantFrom('0', '5', '1000000', ids[3]),
  }),
  query: fc.record({
    status: orNone(fewOf(['OPEN', 'EXPIRED'])),
    provider: orNone(fewOf([addresses[0]?.toUpperCase().replace('X', 'x') as string])),
    participant: orNone(fewOf(addresses)),
    paymentToken: orNone(fewOf(addresses)),
    minBudget: orNone(fc.constantFrom('5', '06')),
    maxBudget: orNone(fc.constantFrom('999999', '1000000')),
  }),
}

test.each([registry, commerce])(
  'the page and the client apply filters as the server does: $contract.name',
  (each) => {
    const { contract, job, query } = each as typeof registry
    const info = asInConfig(contract)
    fc.assert(
      fc.property(job, query, (someJob, someQuery) => {
        const given = Object.entries(someQuery).filter(([, value]) => value !== undefined) as [
          string,
          string,
        ][]
        const filter = Object.fromEntries(given)
        const wanted = matches(parseFilter(contract.filters, filter))(someJob as unknown as Job)
        expect(page.matchesFilters(info, new URLSearchParams(given), someJob)).toBe(wanted)
        expect(createMatcher(filter, info)(someJob as unknown as JobBase)).toBe(wanted)
      }),
      { numRuns: 2000 },
    )
  },
)
