import type { Cursor } from './cursor.ts'
import type { Database } from './database.ts'

/**
 * Position of the feed and the index after a commit. Before an indexer has reached the chain, the block numbers
 * are 0. `blockNumber` is -1 while the genesis block is the next one to index.
 */
export type FeedPosition = Pick<Cursor, 'lastId' | 'blockNumber' | 'finalizedNumber'>

/**
 * SQL of the payload, from columns of `cursor`: `"<last feed id> <block number> <finalized block number>"`.
 */
export const PAYLOAD =
  "concat_ws(' ', cursor.last_id, coalesce(cursor.block_number, 0), coalesce(cursor.finalized_number, 0))"

/**
 * SQL of the name of the current schema's notification channel. Each schema has its own, so that installations
 * that share a database do not receive each other's notifications. The cast to `name` truncates to 63 bytes;
 * pg_notify rejects a longer channel.
 */
export const CHANNEL = "('jobcast_' || current_schema())::name::text"

/** SQL that sends the column `payload` to the channel. */
export const NOTIFY = `pg_notify(${CHANNEL}, payload)`

const PAYLOAD_FORMAT = /^(\d{1,16}) (-?\d{1,16}) (\d{1,16})$/

/**
 * Calls `onCommit` for each commit that is notified, and `onListening` whenever listening begins or begins
 * again. Notifications of earlier commits may be lost, so the caller must read the store in `onListening`.
 */
export function listenForCommits(
  db: Pick<Database, 'listen'>,
  onCommit: (position: FeedPosition) => void,
  onListening: () => void,
): Promise<void> {
  return db.listen((payload) => {
    const match = PAYLOAD_FORMAT.exec(payload)
    // Any user of the database may send any payload on the channel.
    if (!match) return
    const [lastId = 0, blockNumber = 0, finalizedNumber = 0] = match.slice(1).map(Number)
    onCommit({ lastId, blockNumber, finalizedNumber })
  }, onListening)
}
