import { and, inArray, or, type SQL, sql } from 'drizzle-orm'
import type { Contract } from '../contract/define.ts'
import type { Filter, FilterTest } from '../contract/filters.ts'
import { jobs, totals } from './schema.ts'

/** Where a field's value stands, as text. */
type Value = (name: string) => SQL

/** A filter as a condition on the rows of `jobs`. */
export function jobsCondition(filter: Filter, { keys }: Contract): SQL | undefined {
  return condition(filter, (name) => sql`${jobs.keys}[${sql.raw(String(keys.indexOf(name) + 1))}]`)
}

/** A filter of status and choices alone as a condition on the rows of `totals`. */
export function totalsCondition(filter: Filter): SQL | undefined {
  return condition(filter, (name) => sql`(${totals.kind}::json ->> ${name})`)
}

function condition(filter: Filter, value: Value): SQL | undefined {
  return and(...filter.map((test) => testCondition(test, value)))
}

function testCondition({ test, fields, values }: FilterTest, value: Value): SQL | undefined {
  const [name] = fields as [string]
  if (test === 'min') return sql`${value(name)}::numeric >= ${values[0]}::numeric`
  if (test === 'max') return sql`${value(name)}::numeric <= ${values[0]}::numeric`
  return or(...fields.map((each) => inArray(value(each), values)))
}
