import type { Contract } from '../contract/define.ts'
import { DatabaseError } from '../errors.ts'
import type { Database } from './database.ts'
import { cursor } from './schema.ts'

/**
 * Checks whether a contract's definition is already recorded in a database as a whole. A new database has none.
 * @throws DatabaseError if another definition wrote it
 */
export async function isClaimed({ orm }: Database, contract: Contract): Promise<boolean> {
  const [row] = await orm
    .select({ definition: cursor.definition, fingerprint: cursor.fingerprint })
    .from(cursor)
  if (!row?.fingerprint) return false
  if (row.fingerprint === contract.fingerprint) return true
  // Recorded without the field that is added up, by an earlier version. It is recorded again.
  if (contract.fingerprint.startsWith(`${row.fingerprint} `)) return false
  throw new DatabaseError(
    `The database was indexed with the contract definition "${row.definition}". CONTRACT is a different one ("${contract.name}", or another version of it). ` +
      'Set CONTRACT back, use another database, or delete what was indexed with `jobcast reset`.',
  )
}

/** Records a contract's definition in a new database. @throws DatabaseError if another definition wrote it */
export async function claimDefinition(db: Database, contract: Contract): Promise<void> {
  if (await isClaimed(db, contract)) return
  const { name, fingerprint } = contract
  await db.orm.update(cursor).set({ definition: name, fingerprint })
}
