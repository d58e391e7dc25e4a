import { desc, eq, isNull, sql } from 'drizzle-orm'
import type { Hex } from 'viem'
import type { Contract } from '../contract/define.ts'
import { DatabaseError } from '../errors.ts'
import type { Database } from './database.ts'
import { createFilterIndexes } from './filterIndexes.ts'
import { blocks, cursor } from './schema.ts'
import type { BlockRef } from './writes.ts'

/** Returns the error of a read that finds no row in the table cursor. */
export function missingCursor(): DatabaseError {
  return new DatabaseError(
    'The row of the table cursor is missing. Run jobcast reset; the next start indexes from scratch.',
  )
}

const columns = {
  revision: cursor.revision,
  chainId: cursor.chainId,
  genesisHash: cursor.genesisHash,
  contractAddress: cursor.contractAddress,
  startBlock: cursor.startBlock,
  feedFromBlock: cursor.feedFromBlock,
  silent: cursor.silent,
  blockNumber: cursor.blockNumber,
  blockHash: cursor.blockHash,
  finalizedNumber: cursor.finalizedNumber,
  lastId: cursor.lastId,
}

/**
 * Position of the index on its chain (schema.ts). A step moves the cursor only if `revision` and `lastId` are
 * still these.
 */
export type Cursor = { [Name in keyof typeof columns]: NonNullable<(typeof cursor.$inferSelect)[Name]> }

/** Reads the cursor. Null until an indexer has reached the chain for the first time. */
export async function readCursor(db: Database): Promise<Cursor | null> {
  const [row] = await db.orm.select(columns).from(cursor)
  return row && hasBegun(row) ? row : null
}

/** beginCursor() sets the chain's columns together, so checking one of them is enough. */
function hasBegun(row: { [Name in keyof Cursor]: Cursor[Name] | null }): row is Cursor {
  return row.chainId !== null
}

/** Returns whether a move to a block completes the contract's past, so that the feed begins. */
export function completesPast({ silent, feedFromBlock }: Cursor, blockNumber: number): boolean {
  return silent && blockNumber >= feedFromBlock
}

/** Sets the first cursor of a new database. It changes nothing if another process has done so. */
export async function beginCursor(
  db: Database,
  contract: Contract,
  start: Omit<Cursor, 'revision' | 'lastId' | 'silent'> & { blockTimestamp: string },
): Promise<void> {
  const silent = start.blockNumber < start.feedFromBlock
  if (!silent) await createFilterIndexes(db, contract)
  const begun = db.orm.$with('begun').as(
    db.orm
      .update(cursor)
      .set({ ...start, silent, revision: sql`${cursor.revision} + 1` })
      .where(isNull(cursor.chainId))
      .returning({ number: cursor.blockNumber, hash: cursor.blockHash }),
  )
  await db.orm.with(begun).insert(blocks).select(db.orm.select().from(begun))
}

/** Reads the local chain, newest block first. */
export async function readLocalChain(db: Database): Promise<BlockRef[]> {
  return db.orm.select().from(blocks).orderBy(desc(blocks.number))
}

/** Reads the hash of a block of the local chain; undefined if the local chain does not have the block. */
export async function readBlockHash(db: Database, number: number): Promise<Hex | undefined> {
  const [block] = await db.orm.select().from(blocks).where(eq(blocks.number, number))
  return block?.hash
}
