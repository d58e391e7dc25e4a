import { CannotIndexError } from '../chain/source.ts'
import { type Cursor, readCursor } from '../store/cursor.ts'
import type { IndexerContext } from './context.ts'

/** Settings that decide what this process indexes. */
type Setup = Pick<IndexerContext, 'address' | 'startBlock'>

/**
 * Checks whether this process could continue the index that the database holds: the same contract, on the
 * same chain, with no START_BLOCK below the one from which it was indexed. A standby calls it. Otherwise it
 * would find out only when it takes over.
 * @returns false if there is nothing to compare with yet: no index was begun
 * @throws CannotIndexError if it could not; any other error if the chain or the database does not answer
 */
export async function checkSetup(context: IndexerContext): Promise<boolean> {
  const cursor = await readCursor(context.db)
  if (!cursor) return false
  assertSameSetup(context, cursor)
  await context.source.checkChain(cursor)
  return true
}

/**
 * @throws CannotIndexError if the database holds another contract's jobs, or if START_BLOCK is below the
 * block from which it was indexed
 */
export function assertSameSetup({ address, startBlock }: Setup, cursor: Cursor): void {
  if (cursor.contractAddress !== address)
    throw new CannotIndexError(
      `The database holds the jobs of contract ${cursor.contractAddress}, and CONTRACT_ADDRESS is ${address}. Set it back, use another database, or delete the index with \`jobcast reset\`.`,
    )
  if (startBlock !== undefined && startBlock < cursor.startBlock)
    throw new CannotIndexError(
      `The database was indexed from block ${cursor.startBlock}, and START_BLOCK is ${startBlock}: earlier jobs would be missing. Set it back, or index again after \`jobcast reset\`.`,
    )
}
