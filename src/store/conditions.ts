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

/**
 * The indexes of a contract's filters. Those of equality end with the position, which is the order of the history. A field
 * that may be null has none for its nulls, which no filter looks for. Postgres estimates nothing from such a partial index,
 * so its values get statistics of their own.
 */
export function filterIndexes({ keys, fields, filters }: Contract): string[] {
  return keys.flatMap((name, i) => {
    const key = `(keys[${i + 1}])`
    const range = filters.some(
      (rule) => rule.test !== 'list' && rule.fields.some((field) => field.name === name),
    )
    const columns = range ? `(${key}::numeric)` : `${key}, block_number, log_index`
    const index = `create index if not exists "jobs_by_${name}" on jobs (${columns})`
    const nullable = fields.some((field) => field.name === name && field.nullable)
    if (!nullable) return [index]
    return [
      `${index} where ${key} is not null`,
      `create statistics if not exists "jobs_${name}" on ${key} from jobs`,
    ]
  })
}
