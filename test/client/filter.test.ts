import { expect, test } from 'vitest'
import type { JobFilter } from '../../client/src/client.ts'
import { type ContractInfo, compareDecimals, createMatcher } from '../../client/src/filter.ts'
import type { JobBase } from '../../client/src/job.ts'
import { contract, job } from './scripted.ts'

const base = job('1', 10)
const matches = (filter: JobFilter, rest: Parameters<typeof job>[2] = {}) =>
  createMatcher(filter, contract)({ ...base, ...rest })

test('values of one parameter are OR’d, parameters are AND’d, and an empty value is no condition', () => {
  expect(matches({})).toBe(true)
  expect(matches({ status: undefined, clientId: [] })).toBe(true)
  expect(matches({ status: 'OPEN' })).toBe(true)
  expect(matches({ status: ['FUNDED', 'OPEN'] })).toBe(true)
  expect(matches({ status: ['OPEN'], clientId: ['8'] })).toBe(false)
  expect(matches({ status: ['OPEN'], clientId: [7n, '8'] })).toBe(true)
  expect(matches({ clientId: '007,8' })).toBe(true)
})

test('participant matches any of the roles; a role that is null matches nobody', () => {
  expect(matches({ participant: '7' })).toBe(true)
  expect(matches({ participant: '9' })).toBe(false)
  expect(matches({ participant: ['9', '12'] }, { evaluatorId: '12' })).toBe(true)
  expect(matches({ participant: 'null' })).toBe(false)
})

test('bounds are inclusive and exact at any size; null is within none', () => {
  const largest = `${2n ** 256n - 1n}.000000`
  expect(matches({ minBudget: 100, maxBudget: '100.0' })).toBe(true)
  expect(matches({ minBudget: '100.000001' })).toBe(false)
  expect(matches({ maxBudget: '99.999999' })).toBe(false)
  expect(matches({ minBudget: '9' })).toBe(true)
  expect(matches({ minBudget: largest }, { budget: largest })).toBe(true)
  expect(matches({ maxBudget: '1000' }, { budget: largest })).toBe(false)
  expect(matches({ maxBudget: '1000' }, { budget: null as unknown as string })).toBe(false)
})

test('a value that is none of the choices is selected by UNKNOWN_9, and by 9 if the choices are numbers', () => {
  expect(matches({ verificationLevel: 'UNKNOWN_9' }, { verificationLevel: 9 })).toBe(true)
  expect(matches({ verificationLevel: [9] }, { verificationLevel: 9 })).toBe(true)
  expect(matches({ strategyType: 'UNKNOWN_9' }, { strategyType: 'UNKNOWN_9' })).toBe(true)
  expect(matches({ strategyType: '9' }, { strategyType: 'UNKNOWN_9' })).toBe(false)
})

test('a contract of another kind: addresses in any case, booleans, choices that begin with 0x, amounts without a fraction, participants', () => {
  const other: ContractInfo = {
    name: 'bounties',
    fields: [
      { name: 'client', kind: 'address' },
      { name: 'provider', kind: 'address' },
      { name: 'urgent', kind: 'choice', values: [false, true] },
      { name: 'reward', kind: 'amount' },
      { name: 'tier', kind: 'choice', values: ['0xA', '0xB'] },
    ],
    filters: [
      { name: 'tier', kind: 'list', fields: ['tier'] },
      { name: 'client', kind: 'list', fields: ['client'] },
      { name: 'urgent', kind: 'list', fields: ['urgent'] },
      { name: 'minReward', kind: 'min', fields: ['reward'] },
      { name: 'participant', kind: 'list', fields: ['client', 'provider'] },
    ],
  }
  const client = `0x${'ab'.repeat(20)}`
  const bounty = { ...base, client, provider: null, urgent: true, reward: '1000', tier: '0xB' } as JobBase
  const holds = (filter: JobFilter) => createMatcher(filter, other)(bounty)
  expect(holds({ client: client.toUpperCase().replace('X', 'x') })).toBe(true)
  expect(holds({ participant: [`0x${'AB'.repeat(20)}`] })).toBe(true)
  expect(holds({ client: `0x${'ac'.repeat(20)}` })).toBe(false)
  expect(holds({ tier: '0xB' })).toBe(true)
  expect(holds({ urgent: 'true' })).toBe(true)
  expect(holds({ urgent: 'false' })).toBe(false)
  expect(holds({ minReward: 1000n })).toBe(true)
  expect(holds({ minReward: '1001' })).toBe(false)
})

test('a parameter that the definition does not have is refused by name', () => {
  expect(() => matches({ limit: 5 })).toThrow('limit is not a filter of the contract job-registry')
})

test('decimals compare by value, not by length', () => {
  expect(compareDecimals('9', '10')).toBe(-1)
  expect(compareDecimals('10.5', '10.50')).toBe(0)
  expect(compareDecimals('0.000001', '0')).toBe(1)
})
