import { parseUnits } from 'viem/utils'
import type { Field } from '../contract/job.ts'
import { formatAmount } from '../contract/values.ts'
import type { Tally } from '../store/tallies.ts'

interface TallySum {
  jobs: number
  /**
   * sum of the jobs' amounts, as a decimal like the field; null if the contract has no amount that can be
   * added up
   */
  amount: string | null
}

/**
 * Adds up jobs and amounts, exactly.
 * @param sum the field to add up; undefined if there is none that can be added up
 */
export function addUp(tallies: { jobs: number; amount: string }[], sum: Field | undefined): TallySum {
  return {
    jobs: tallies.reduce((jobs, tally) => jobs + tally.jobs, 0),
    amount: sum ? addAmounts(tallies, sum.decimals ?? 0) : null,
  }
}

/** Adds up the tallies of each value of a status or choice field. */
export function groupByField(
  tallies: Tally[],
  field: string,
  sum: Field | undefined,
): ({ value: string } & TallySum)[] {
  const groups = new Map<string, Tally[]>()
  for (const tally of tallies) {
    const value = String(tally.key[field] ?? '')
    const group = groups.get(value)
    // Pushed, not copied: a contract with many values of its choice has as many tallies.
    if (group) group.push(tally)
    else groups.set(value, [tally])
  }
  return [...groups].map(([value, group]) => ({ value, ...addUp(group, sum) }))
}

function addAmounts(tallies: { amount: string }[], decimals: number): string {
  const units = tallies.reduce((sum, { amount }) => sum + parseUnits(amount, decimals), 0n)
  return formatAmount(String(units), decimals)
}
