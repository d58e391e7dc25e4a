import { expect, it } from 'vitest'
import { groupByField } from '../../src/http/tallySums.ts'

// With a copy of the group for each tally, these would take minutes.
it('the time to add up tallies grows with their number only', () => {
  const tallies = Array.from({ length: 60_000 }, (_, i) => ({
    key: { status: 'OPEN', choice: `UNKNOWN_${i}` },
    jobs: 2,
    amount: '0.5',
  }))
  expect(groupByField(tallies, 'status', undefined)).toEqual([{ value: 'OPEN', jobs: 120_000, amount: null }])
})
