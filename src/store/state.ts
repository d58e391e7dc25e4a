import { sql } from 'drizzle-orm'
import { missingCursor } from './cursor.ts'
import { type Database, prepared } from './database.ts'
import { cursor } from './schema.ts'

/**
 * State of the index and of the feed, as the cursor row has it. Values of the chain are null until an indexer
 * has reached it.
 */
export interface IndexState {
  /** id of the newest feed entry */
  lastId: number
  /** entries up to this id were pruned from the feed */
  prunedId: number
  chainId: number | null
  contract: string | null
  startBlock: number | null
  /** the block indexed last */
  blockNumber: number | null
  /** unix seconds of that block */
  blockTimestamp: string | null
  finalizedNumber: number | null
  /** number of the chain's head when an indexer last read it */
  headNumber: number | null
  /** unix seconds of the head */
  headTimestamp: string | null
  /** seconds since an indexer last had an answer from the chain, by the database's clock */
  checkedAgo: number | null
  /** id of the process that holds the lease */
  indexer: string | null
  /** true while the contract's past is indexed */
  silent: boolean
  /** true if the database accepts no writes, as a replica or during a failover */
  readOnly: boolean
}

const stateQuery = prepared(({ orm }) =>
  orm
    .select({
      lastId: cursor.lastId,
      prunedId: cursor.prunedId,
      chainId: cursor.chainId,
      contract: cursor.contract,
      startBlock: cursor.startBlock,
      blockNumber: cursor.blockNumber,
      blockTimestamp: cursor.blockTimestamp,
      finalizedNumber: cursor.finalizedNumber,
      headNumber: cursor.headNumber,
      headTimestamp: cursor.headTimestamp,
      checkedAgo: sql<number | null>`extract(epoch from clock_timestamp() - ${cursor.checkedAt})::float8`,
      indexer: cursor.indexer,
      silent: cursor.silent,
      readOnly: sql<boolean>`current_setting('transaction_read_only') = 'on'`,
    })
    .from(cursor)
    .prepare('state'),
)

/** Reads the state. @throws DatabaseError if the cursor row was deleted */
export async function readState(db: Database): Promise<IndexState> {
  const [row] = await stateQuery(db).execute()
  if (!row) throw missingCursor()
  return row
}
