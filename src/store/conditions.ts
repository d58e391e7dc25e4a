import { and, inArray, or, type SQL, sql } from 'drizzle-orm'
import type { Contract } from '../contract/define.ts'
import type { Filter, FilterTest } from '../contract/filters.ts'
import { jobs, totals } from './schema.ts'

/** SQL of a field's value as text. */
type TextOf = (field: string) => SQL

/** The condition that a filter puts on the rows of `jobs`. */
export function jobsCondition(filter: Filter, { keys }: Contract): SQL | undefined {
  return condition(filter, (field) => sql`${jobs.keys}[${sql.raw(String(keys.indexOf(field) + 1))}]`)
}

/** The condition that a filter of status and choices puts on the rows of `totals`. */
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
