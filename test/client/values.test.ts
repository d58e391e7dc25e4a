import { expect, test } from 'vitest'
import { chainTime, createdAt, units } from '../../client/src/client.ts'

test('an amount is exact at any size', () => {
  expect(units('100.500001')).toBe(100_500_001n)
  expect(units('0.000000')).toBe(0n)
  expect(units('42')).toBe(42n)
  const largest = (2n ** 256n - 1n).toString()
  expect(units(`${largest.slice(0, -6)}.${largest.slice(-6)}`)).toBe(2n ** 256n - 1n)
})

test('chain times are Dates', () => {
  expect(createdAt({ onchainCreatedAt: '1780000000' })).toEqual(new Date(1_780_000_000_000))
  expect(chainTime('1780000000')).toEqual(new Date(1_780_000_000_000))
})

test('a time beyond what a Date can hold is null', () => {
  expect(chainTime('8640000000000')).toEqual(new Date(8_640_000_000_000_000))
  expect(chainTime('8640000000001')).toBeNull()
  expect(chainTime((2n ** 256n - 1n).toString())).toBeNull()
})
