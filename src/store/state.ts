import { sql } from 'drizzle-orm'
import { missingCursor } from './cursor.ts'
import { type Database, prepared } from './database.ts'
import { cursor } from './schema.ts'

const stateQuery = prepared(({ orm }) =>
  orm
    .select({
      lastId: cursor.lastId,
      prunedId: cursor.prunedId,
      chainId: cursor.chainId,
      contractAddress: cursor.contractAddress,
      startBlock: cursor.startBlock,
      blockNumber: cursor.blockNumber,
      blockTimestamp: cursor.blockTimestamp,
      finalizedNumber: cursor.finalizedNumber,
      headNumber: cursor.headNumber,
      headTimestamp: cursor.headTimestamp,
      /** seconds since an indexer last had an answer from the chain, by the database's clock */
      checkedAgo: sql<number | null>`extract(epoch from clock_timestamp() - ${cursor.checkedAt})::float8`,
      silent: cursor.silent,
      /** true if the database accepts no writes, as a replica or during a failover */
      readOnly: sql<boolean>`current_setting('transaction_read_only') = 'on'`,
    })
    .from(cursor)
    .prepare('state'),
)

/** Reads the state. @throws DatabaseError if the cursor row was deleted */
export async function readState(db: Database) {
  const [row] = await stateQuery(db).execute()
  if (!row) throw missingCursor()
  return row
}

/**
 * State of the index and of the feed, as the cursor row has it (schema.ts). Values of the chain are null until
 * an indexer has reached it.
 */
export type IndexState = Awaited<ReturnType<typeof readState>>
