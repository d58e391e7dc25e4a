import {
  bigint,
  boolean,
  customType,
  index,
  integer,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
} from 'drizzle-orm/pg-core'
import type { Hex } from 'viem'

const int8 = (name: string) => bigint(name, { mode: 'number' })
const hex = (name: string) => text(name).$type<Hex>()
/** Unix seconds of the chain. They are a uint256. */
const seconds = (name: string) => numeric(name, { precision: 78, scale: 0 })
/** JSON as the text that was written: `json` keeps the order of keys, and the drivers do not parse it. */
const json = customType<{ data: string; driverData: string }>({ dataType: () => 'json' })

/**
 * One row per job of the canonical chain, as of the cursor. The key is the position of the creating log and
 * not the job's id: a contract may use an id twice, and neither job may be lost. Each field with a filter
 * adds an index (filterIndexes.ts).
 */
export const jobs = pgTable(
  'jobs',
  {
    blockNumber: int8('block_number').notNull(),
    logIndex: integer('log_index').notNull(),
    jobId: text('job_id').notNull(),
    /** the job object, exactly as it is sent */
    data: json('data').notNull(),
    /**
     * The values that filters select by, as text, in the order of the definition's `keys`. Reading them from
     * `data` would parse the JSON of every row that a query counts.
     */
    keys: text('keys').array().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.blockNumber, t.logIndex] }),
    index('jobs_job_id').on(t.jobId, t.blockNumber, t.logIndex),
  ],
)

/** One row per log that changed a job. The creating log is in the job itself. */
export const changes = pgTable(
  'changes',
  {
    blockNumber: int8('block_number').notNull(),
    logIndex: integer('log_index').notNull(),
    /** position of the job */
    jobBlock: int8('job_block').notNull(),
    jobLog: integer('job_log').notNull(),
    event: text('event').notNull(),
    /** status of the job after the log */
    status: text('status').notNull(),
    timestamp: seconds('timestamp').notNull(),
    transactionHash: hex('transaction_hash').notNull(),
    /** the job before the log, for a rewind; null once no reorg can reach the log */
    before: json('before'),
  },
  (t) => [
    primaryKey({ columns: [t.blockNumber, t.logIndex] }),
    index('changes_job').on(t.jobBlock, t.jobLog, t.blockNumber, t.logIndex),
  ],
)

/** Logs of the contract that changed nothing: logs that do not decode, and changes of unknown jobs. */
export const unappliedLogs = pgTable(
  'unapplied_logs',
  {
    blockNumber: int8('block_number').notNull(),
    logIndex: integer('log_index').notNull(),
    reason: text('reason').notNull(),
    /** the log as the RPC gave it */
    log: json('log').notNull(),
  },
  (t) => [primaryKey({ columns: [t.blockNumber, t.logIndex] })],
)

/**
 * The public feed. Entries are appended, never changed, and pruned after the retention. The statement that
 * updates the cursor row assigns the ids, so the order of ids is the order of commits. Ids are consecutive
 * except for jumps. An entry of type `jump` is never sent. It records that no entry of this database has an id
 * between that of the entry before it and its own (lease.ts).
 */
export const feed = pgTable(
  'feed',
  {
    id: int8('id').primaryKey(),
    type: text('type', { enum: ['job_created', 'job_updated', 'job_removed', 'jump'] }).notNull(),
    /** JSON of the job exactly as sent; for a jump, the previous id */
    data: text('data').notNull(),
    /**
     * JSON of the job before a job_updated; null for the other types. A filter passes an update if the job
     * matches before or after it.
     */
    before: text('before'),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [index('feed_created_at').on(t.createdAt)],
)

/**
 * The local chain: the hashes of the highest indexed block that is finalized and of all indexed blocks
 * above it.
 */
export const blocks = pgTable('blocks', {
  number: int8('number').primaryKey(),
  hash: hex('hash').notNull(),
})

/**
 * Tallies: number of jobs and sum of amounts by status and choices. They make statistics and totals cheap.
 */
export const totals = pgTable('totals', {
  /**
   * JSON object of the status and choices. The column keeps its first name, because no migration renames a
   * column.
   */
  key: text('kind').primaryKey(),
  jobs: int8('jobs').notNull(),
  amount: numeric('amount').notNull(),
})

/** Tallies by hour of creation and first choice, for the chart. */
export const hours = pgTable(
  'hours',
  {
    /** unix seconds at which the hour begins */
    hour: seconds('hour').notNull(),
    /** the value of the definition's first choice; empty if it is null, or if the definition has no choice */
    choice: text('choice').notNull(),
    jobs: int8('jobs').notNull(),
    amount: numeric('amount').notNull(),
  },
  (t) => [primaryKey({ columns: [t.hour, t.choice] })],
)

/**
 * The one row that holds the position of the index. It is also the lock: a step is one statement that moves
 * `revision` and `last_id` from the values that were read. If several indexers take a step, one succeeds and
 * the others change nothing. The chain's columns are null until an indexer has reached the chain for the
 * first time.
 */
export const cursor = pgTable('cursor', {
  id: smallint('id').primaryKey(),
  /** name and fingerprint of the contract definition that wrote the data */
  definition: text('definition'),
  fingerprint: text('fingerprint'),
  /** number of moves of the cursor and of acquisitions of the lease */
  revision: int8('revision').notNull(),
  chainId: int8('chain_id'),
  genesisHash: hex('genesis_hash'),
  contractAddress: hex('contract'),
  startBlock: int8('start_block'),
  /** the head when the index began: changes up to it are history and were never fed */
  feedFromBlock: int8('feed_from_block'),
  /**
   * true while the contract's past is indexed, which is not fed: until `feed_from_block` was reached for the
   * first time. False only if the indexes of all filters exist
   */
  silent: boolean('silent').notNull(),
  /** the block indexed last; `startBlock - 1` at the beginning, so -1 if the genesis block is the first */
  blockNumber: int8('block_number'),
  blockHash: hex('block_hash'),
  blockTimestamp: seconds('block_timestamp'),
  /** the highest finalized block seen; no reorg goes below it */
  finalizedNumber: int8('finalized_number'),
  /** id of the newest feed entry */
  lastId: int8('last_id').notNull(),
  /** id up to which the feed was pruned; a client whose last id is this one can still resume */
  prunedId: int8('pruned_id').notNull(),
  /** the chain's head when an indexer last read it */
  headNumber: int8('head_number'),
  headTimestamp: seconds('head_timestamp'),
  /** holder of the lease to index */
  indexer: text('indexer'),
  /** when the lease was last renewed */
  renewedAt: timestamp('renewed_at', { withTimezone: true }),
  /** when an indexer last had an answer from the chain */
  checkedAt: timestamp('checked_at', { withTimezone: true }),
})
