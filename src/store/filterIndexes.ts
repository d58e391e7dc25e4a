import type { Contract } from '../contract/define.ts'
import type { Database } from './database.ts'

/** Time limit for building an index: with 100 million jobs it takes minutes. */
const BUILD_MS = 3_600_000

/**
 * Creates the missing indexes of a contract's filters. It is called when the contract's past has been indexed,
 * right before the feed begins, because building an index once costs a fraction of updating it with each job of a
 * first sync. `cursor.silent` is false only if all of them exist.
 */
export async function createFilterIndexes(db: Database, contract: Contract): Promise<void> {
  for (const statement of indexStatements(contract)) await db.run(statement, [], { timeoutMs: BUILD_MS })
  // Without statistics, Postgres plans filters badly until autovacuum runs. The feed does not wait for them,
  // except with PGlite, which runs one statement after the other. A failure is ignored.
  void db.run('analyze jobs', [], { timeoutMs: BUILD_MS }).catch(() => {})
}

/**
 * Returns the statements that create the indexes. An index for equality ends with the position, which is the
 * order of the history. The index of a nullable field omits nulls, which no filter selects. Postgres derives
 * no statistics from a partial index, so such a field gets a statistics object.
 */
function indexStatements({ keys, fields, filters }: Contract): string[] {
  return keys.flatMap((name, i) => {
    const key = `(keys[${i + 1}])`
    const isRange = filters.some((rule) => rule.operator !== 'list' && rule.fields.includes(name))
    const columns = isRange ? `(${key}::numeric)` : `${key}, block_number, log_index`
    const index = `create index if not exists "jobs_by_${name}" on jobs (${columns})`
    const isNullable = fields.some((field) => field.name === name && field.nullable)
    if (!isNullable) return [index]
    return [
      `${index} where ${key} is not null`,
      `create statistics if not exists "jobs_${name}" on ${key} from jobs`,
    ]
  })
}
