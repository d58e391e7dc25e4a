import type { Hex } from 'viem'
import type { Header, Source } from '../chain/source.ts'
import type { Contract } from '../contract/define.ts'
import type { Cursor } from '../store/cursor.ts'
import type { Database } from '../store/database.ts'
import type { FeedEntry } from '../store/feed.ts'
import type { FeedPosition } from '../store/notifications.ts'
import type { Step } from '../store/writes.ts'

/** Everything a step of the indexer works with. */
export interface IndexerContext {
  source: Source
  db: Database
  /** id of this process, as the holder of the lease */
  indexerId: string
  /** the contract's address in lower-case hex */
  address: Hex
  contract: Contract
  /** the first block to index; undefined: found from the contract's code */
  startBlock?: number | undefined
  /** how many blocks the indexer stays below the head: CONFIRMATIONS */
  confirmations: number
  /** Waits for a number of milliseconds. Injected so that the model in test/ can skip the wait. */
  pause(ms: number): Promise<void>
  /** Reads a monotonic clock, in milliseconds. Injected for the same reason; only steps use it. */
  now(): number
  report: Report
  /** Called after a step was committed, with the position after it and its feed entries. */
  onCommit(position: FeedPosition, entries: FeedEntry[]): void
}

/** Receives the events of the indexer that an operator sees in logs and metrics. */
export interface Report {
  /** Called before the search for the first block of a contract, which takes some 25 requests. */
  searchBegan(): void
  /** @param cursor before the step */
  advanced(cursor: Cursor, step: Step): void
  /** @param cursor before the step */
  rewound(cursor: Cursor, step: Step): void
  /** Called for a block that is indexed although no endpoint gave the logs that its bloom announces. */
  bloomMismatch(header: Header): void
}

/**
 * Result of a step:
 * - `caught-up`: nothing was new
 * - `begun`: the index of a new database was begun, at the block below the first one to index
 * - `moved`: the step was committed
 * - `arrived`: the step was committed and reached the block CONFIRMATIONS below the head
 * - `conflicted`: nothing was written, because another process moved the cursor or acquired the lease first,
 *   or because the database was restored from a backup
 */
export type Outcome = 'caught-up' | 'begun' | 'moved' | 'arrived' | 'conflicted'
