import { describe, expect, test } from 'vitest'
import { load } from './load.ts'

const {
  formatAmount,
  date,
  ends,
  exactTime,
  machineTime,
  relative,
  roughly,
  shortAmount,
  formatSums,
  title,
  words,
} = await load('format')
const maxUint256 = (2n ** 256n - 1n).toString()

describe('an amount', () => {
  test('is exact, with cents and no zeros beyond them', () => {
    expect(formatAmount('100.000000')).toBe('100.00')
    expect(formatAmount('1234.500000')).toBe('1,234.50')
    expect(formatAmount('0.000001')).toBe('0.000001')
    // More digits than a double holds.
    expect(formatAmount('9007199254740993.100000')).toBe('9,007,199,254,740,993.10')
  })

  test("in a token's smallest unit is a whole number", () => {
    expect(formatAmount('2265000000')).toBe('2,265,000,000')
    expect(shortAmount('0')).toBe('0')
    expect(formatSums(['1234', '5'])).toEqual(['1,234', '5'])
  })

  test('fits a column, however great it is', () => {
    expect(shortAmount('1234.500000')).toBe('1,234.50')
    expect(shortAmount('12345678901.123456')).toBe('12,345,678,901')
    expect(shortAmount(`${maxUint256.slice(0, -6)}.000000`)).toBe('1.15e71')
    expect(shortAmount(maxUint256)).toBe('1.15e77')
  })

  test('in a column of sums has the precision of the greatest', () => {
    expect(formatSums(['999.567890', '1.500000', null])).toEqual(['999.56', '1.50', null])
    expect(formatSums(['1234.567890', '12.500000', '0.400000', '0.000000'])).toEqual([
      '1,234',
      '12',
      '<1',
      '0',
    ])
    expect(formatSums(['1234567.000000', '19840.000000', '3.000000'])).toEqual(['1.23M', '19.84K', '3'])
    expect(formatSums(['1234567.000000', '296800.000000'])).toEqual(['1.23M', '296.80K'])
    expect(formatSums([])).toEqual([])
  })

  test('of a valuable unit keeps two digits that are not 0', () => {
    expect(formatSums(['0.003456', '0.050000', '0.000000'])).toEqual(['0.0034', '0.05', '0.00'])
    expect(formatSums(['12.003456'])).toEqual(['12.00'])
    expect([0, 0.0345678, 0.35, 999.4, 12_500].map(roughly)).toEqual(['0', '0.0346', '0.35', '999', '12.5K'])
  })

  test('of one digit far after the point is not shown as 0', () => {
    expect(formatSums(['0.001000', '0.500000', '0.000000'])).toEqual(['0.001', '0.50', '0.00'])
    expect(formatSums(['0.000000000000000001'])).toEqual(['0.000000000000000001'])
  })
})

describe('time', () => {
  const now = 1_790_000_000

  test('is relative to now', () => {
    expect(relative(String(now + 6 * 86_400), { now })).toBe('in 6 days')
    expect(relative(String(now - 2 * 3600), { now })).toBe('2 hours ago')
    expect(relative(String(now - 12), { now, short: true })).toBe('12s ago')
  })

  test('of a block whose clock is ahead of this one is now, not the future', () => {
    expect(relative(String(now + 5), { now, short: true })).toBe('just now')
  })

  test('includes the hour if the date is near', () => {
    expect(date(String(now), now)).toMatch(/^\d+ Sept?, \d\d:\d\d$/)
    expect(date(String(now + 2 * 366 * 86_400), now)).toMatch(/^\d+ Sept? 2028$/)
  })

  test('beyond the range of a Date breaks nothing', () => {
    expect(relative(maxUint256, { now })).toBe('far future')
    expect(date(maxUint256, now)).toBe('far future')
    expect(exactTime(maxUint256)).toBe(`unix time ${maxUint256}`)
    expect(machineTime(maxUint256)).toBe('')
  })
})

test('a long identifier is shortened to its two ends', () => {
  expect(ends('42')).toBe('42')
  expect(ends(`0x${'ab'.repeat(32)}`)).toBe('0xabab…abab')
})

test('names and values of a definition are shown as words', () => {
  expect(title('strategyType')).toBe('Strategy type')
  expect(title('clientId')).toBe('Client')
  expect(title('onchainDeadline')).toBe('Deadline')
  expect(title('JobCreated')).toBe('Job created')
  expect(title('clientID')).toBe('Client')
  expect(title('metadataURI')).toBe('Metadata URI')
  expect(words('CEX_CAPITAL')).toBe('Cex capital')
  expect(words('UNKNOWN_9')).toBe('UNKNOWN_9')
  expect(words(true)).toBe('Yes')
})
