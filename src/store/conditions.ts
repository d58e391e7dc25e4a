import { and, inArray, or, type SQL, sql } from 'drizzle-orm'
import type { Contract } from '../contract/define.ts'
import type { Filter, FilterTest } from '../contract/filters.ts'
import { jobs, totals } from './schema.ts'

/** Returns the SQL of a field's value as text. */
type TextOf = (field: string) => SQL

/** SQL condition that selects the rows of `jobs` that match a filter. */
export function jobsCondition(filter: Filter, { keys }: Pick<Contract, 'keys'>): SQL | undefined {
  return condition(filter, (field) => sql`${jobs.keys}[${sql.raw(String(keys.indexOf(field) + 1))}]`)
}

/**
 * SQL condition that selects the rows of `totals` that match a filter. The filter may only test status
 * and choices.
 */
export function totalsCondition(filter: Filter): SQL | undefined {
  return condition(filter, (field) => sql`(${totals.kind}::json ->> ${field})`)
}

function condition(filter: Filter, textOf: TextOf): SQL | undefined {
  return and(...filter.map((test) => testCondition(test, textOf)))
}

function testCondition({ test, fields, values }: FilterTest, textOf: TextOf): SQL | undefined {
  const [bound] = values
  return or(
    ...fields.map((field) => {
      if (test === 'min') return sql`${textOf(field)}::numeric >= ${bound}::numeric`
      if (test === 'max') return sql`${textOf(field)}::numeric <= ${bound}::numeric`
      return inArray(textOf(field), values)
    }),
  )
}
