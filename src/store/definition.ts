import type { Contract } from '../contract/define.ts'
import { DatabaseError } from '../errors.ts'
import type { Database } from './database.ts'
import { cursor } from './schema.ts'

/**
 * Checks whether the database records a contract's definition as its own. A new database records none.
 * @throws DatabaseError if it records another
 */
export async function isRecorded({ orm }: Database, contract: Contract): Promise<boolean> {
  const [row] = await orm
    .select({ definition: cursor.definition, fingerprint: cursor.fingerprint })
    .from(cursor)
  if (!row?.fingerprint) return false
  if (row.fingerprint === contract.fingerprint) return true
  // An earlier version recorded the fingerprint without the field that is added up. It is replaced.
  if (contract.fingerprint.startsWith(`${row.fingerprint} `)) return false
  throw new DatabaseError(
    `The database belongs to the contract definition "${row.definition}". CONTRACT is a different one ("${contract.name}", or another version of it). ` +
      'Set CONTRACT back, use another database, or delete what was indexed with `jobcast reset`.',
  )
}

/** Records a contract's definition in a new database. @throws DatabaseError if it records another */
export async function recordDefinition(db: Database, contract: Contract): Promise<void> {
  if (await isRecorded(db, contract)) return
  const { name, fingerprint } = contract
  await db.orm.update(cursor).set({ definition: name, fingerprint })
}
