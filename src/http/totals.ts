import { parseUnits } from 'viem/utils'
import type { Field } from '../contract/job.ts'
import { withPoint } from '../contract/values.ts'
import type { Total } from '../store/stats.ts'

interface Tally {
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
export function addUp(totals: { jobs: number; amount: string }[], sum: Field | undefined): Tally {
  return {
    jobs: totals.reduce((jobs, total) => jobs + total.jobs, 0),
    amount: sum ? addAmounts(totals, sum.decimals ?? 0) : null,
  }
}

/** Adds up the totals of each value of a status or choice field. */
export function groupByField(
  totals: Total[],
  field: string,
  sum: Field | undefined,
): ({ value: string } & Tally)[] {
  const groups = new Map<string, Total[]>()
  for (const total of totals) {
    const value = String(total.kind[field] ?? '')
    groups.set(value, [...(groups.get(value) ?? []), total])
  }
  return [...groups].map(([value, group]) => ({ value, ...addUp(group, sum) }))
}

function addAmounts(totals: { amount: string }[], decimals: number): string {
  const units = totals.reduce((sum, { amount }) => sum + parseUnits(amount, decimals), 0n)
  return withPoint(String(units), decimals)
}
