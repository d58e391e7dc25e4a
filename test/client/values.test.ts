import { expect, test } from 'vitest'
import { budgetUnits, createdAt, deadline } from '../../src/client/client.ts'

test('a budget is exact at any size', () => {
  expect(budgetUnits({ budget: '100.500001' })).toBe(100_500_001n)
  expect(budgetUnits({ budget: '0.000000' })).toBe(0n)
  const largest = (2n ** 256n - 1n).toString()
  expect(budgetUnits({ budget: `${largest.slice(0, -6)}.${largest.slice(-6)}` })).toBe(2n ** 256n - 1n)
})

test('chain times are Dates', () => {
  expect(createdAt({ onchainCreatedAt: '1780000000' })).toEqual(new Date(1_780_000_000_000))
  expect(deadline({ onchainDeadline: '1780000000' })).toEqual(new Date(1_780_000_000_000))
})

test('a deadline beyond what a Date can hold is null', () => {
  expect(deadline({ onchainDeadline: '8640000000000' })).toEqual(new Date(8_640_000_000_000_000))
  expect(deadline({ onchainDeadline: '8640000000001' })).toBeNull()
  expect(deadline({ onchainDeadline: (2n ** 256n - 1n).toString() })).toBeNull()
})
