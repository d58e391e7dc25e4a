import { expect, it } from 'vitest'
import { groupByField } from '../../src/http/tallySums.ts'

// A copy of the group for each tally would take minutes, more than a test may.
it('the time to add up tallies grows with their number only', () => {
  const tallies = Array.from({ length: 300_000 }, (_, i) => ({
    key: { status: 'OPEN', choice: `UNKNOWN_${i}` },
    jobs: 2,
    amount: '0.5',
  }))
  expect(groupByField(tallies, 'status', undefined)).toEqual([{ value: 'OPEN', jobs: 600_000, amount: null }])
})
