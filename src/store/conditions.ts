import type { Contract } from '../contract/define.ts'
import type { Filter, FilterTest } from '../contract/filters.ts'
import type { Param } from './database.ts'

/** Returns the SQL conditions of the rows of `jobs` that match a filter. */
export function jobsConditions(filter: Filter, { keys }: Contract, param: Param): string[] {
  return filter.map((test) => conditionOf(test, param, (field) => `keys[${keys.indexOf(field) + 1}]`))
}

/**
 * Returns the SQL conditions of the rows of `totals` that match a filter. The filter may only test status and
 * choices.
 */
export function totalsConditions(filter: Filter, param: Param): string[] {
  return filter.map((test) => conditionOf(test, param, (field) => `(kind::json ->> ${param(field)}::text)`))
}

/** @param textOf returns the SQL of a field's value as text */
function conditionOf(
  { operator, fields, values }: FilterTest,
  param: Param,
  textOf: (field: string) => string,
): string {
  const placeholders = values.map(param).join(', ')
  const conditions = fields.map((field) => {
    if (operator === 'min') return `${textOf(field)}::numeric >= ${placeholders}::numeric`
    if (operator === 'max') return `${textOf(field)}::numeric <= ${placeholders}::numeric`
    return `${textOf(field)} in (${placeholders})`
  })
  return `(${conditions.join(' or ')})`
}
