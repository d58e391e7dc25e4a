import type { Contract } from '../contract/define.ts'
import type { Database } from './database.ts'

/** An index of 100 million jobs takes minutes to build. */
const BUILD_MS = 3_600_000

/**
 * Creates the indexes of a contract's filters, except those that exist. It is called when the contract's past has been indexed,
 * right before the feed begins: building an index once costs a fraction of updating it with each job of a first sync.
 * `cursor.silent` is false only in a database that has them all.
 */
export async function createFilterIndexes(db: Database, contract: Contract): Promise<void> {
  for (const statement of filterIndexes(contract)) await db.run(statement, [], { timeoutMs: BUILD_MS })
}

/**
 * The statements. An index of equality ends with the position, which is the order of the history. A nullable field's index leaves
 * out nulls, which no filter selects. Postgres derives no statistics from a partial index, so the field gets its own.
 */
function filterIndexes({ keys, fields, filters }: Contract): string[] {
  const statements = keys.flatMap((name, i) => {
    const key = `(keys[${i + 1}])`
    const isRange = filters.some(
      (rule) => rule.test !== 'list' && rule.fields.some((field) => field.name === name),
    )
    const columns = isRange ? `(${key}::numeric)` : `${key}, block_number, log_index`
    const index = `create index if not exists "jobs_by_${name}" on jobs (${columns})`
    const isNullable = fields.some((field) => field.name === name && field.nullable)
    if (!isNullable) return [index]
    return [
      `${index} where ${key} is not null`,
      `create statistics if not exists "jobs_${name}" on ${key} from jobs`,
    ]
  })
  // Statistics of expressions exist only after an analysis, which autovacuum would run a minute later.
  return [...statements, 'analyze jobs']
}
