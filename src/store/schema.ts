import {
  bigint,
  boolean,
  index,
  integer,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
} from 'drizzle-orm/pg-core'

/** uint256, exact. */
const uint256 = (name: string) => numeric(name, { precision: 78, scale: 0 })
const int8 = (name: string) => bigint(name, { mode: 'number' })

/**
 * One row a JobCreated log of the canonical chain. The position in the chain is the key, not `job_id`: a hostile
 * or newer contract may use an id twice, and neither log may be lost.
 */
export const jobs = pgTable(
  'jobs',
  {
    blockNumber: int8('block_number').notNull(),
    logIndex: integer('log_index').notNull(),
    jobId: uint256('job_id').notNull(),
    clientId: uint256('client_id').notNull(),
    strategyType: smallint('strategy_type').notNull(),
    verificationLevel: smallint('verification_level').notNull(),
    /** 10^-6 USDC */
    budget: uint256('budget').notNull(),
    /** unix seconds */
    deadline: uint256('deadline').notNull(),
    blockHash: text('block_hash').notNull(),
    /** unix seconds */
    blockTimestamp: numeric('block_timestamp', { precision: 78, scale: 0 }).notNull(),
    transactionHash: text('transaction_hash').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.blockNumber, t.logIndex] }),
    index('jobs_job_id').on(t.jobId),
    index('jobs_client_id').on(t.clientId, t.blockNumber, t.logIndex),
    index('jobs_kind').on(t.strategyType, t.verificationLevel, t.blockNumber, t.logIndex),
    index('jobs_client_kind').on(t.clientId, t.strategyType, t.verificationLevel, t.blockNumber, t.logIndex),
    index('jobs_budget').on(t.budget),
  ],
)

/** Logs with our topic that do not decode: kept as they came, so that nothing is lost silently. */
export const malformedLogs = pgTable(
  'malformed_logs',
  {
    blockNumber: int8('block_number').notNull(),
    logIndex: integer('log_index').notNull(),
    reason: text('reason').notNull(),
    /** the log as the RPC gave it, JSON */
    log: text('log').notNull(),
  },
  (t) => [primaryKey({ columns: [t.blockNumber, t.logIndex] })],
)

/** The public feed, append-only. Ids are consecutive, handed out by the cursor row's holder: id order is commit order. */
export const feed = pgTable(
  'feed',
  {
    id: int8('id').primaryKey(),
    type: text('type', { enum: ['job_created', 'job_removed'] }).notNull(),
    /** the job object exactly as sent, JSON */
    data: text('data').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [index('feed_created_at').on(t.createdAt)],
)

/** The local chain: the hashes of the finalized block and all above it, up to the cursor. */
export const blocks = pgTable('blocks', {
  number: int8('number').primaryKey(),
  hash: text('hash').notNull(),
})

/** Jobs and budget of all time by the two enums: what makes `total` and the stats cheap and still exact. */
export const totals = pgTable(
  'totals',
  {
    strategyType: smallint('strategy_type').notNull(),
    verificationLevel: smallint('verification_level').notNull(),
    jobs: int8('jobs').notNull(),
    budget: numeric('budget').notNull(),
  },
  (t) => [primaryKey({ columns: [t.strategyType, t.verificationLevel] })],
)

/** The same by hour of chain time, for the chart. `hour` is the unix second the hour begins at. */
export const hours = pgTable(
  'hours',
  {
    hour: numeric('hour', { precision: 78, scale: 0 }).notNull(),
    strategyType: smallint('strategy_type').notNull(),
    jobs: int8('jobs').notNull(),
    budget: numeric('budget').notNull(),
  },
  (t) => [primaryKey({ columns: [t.hour, t.strategyType] })],
)

/**
 * One row: where the indexer stands. It is also the lock: a step is one statement that moves `revision` from the
 * value it started from, so of any number of indexers one wins each step, and a step of an older state changes
 * nothing. The chain's columns are null until an indexer first reached the chain.
 */
export const cursor = pgTable('cursor', {
  id: smallint('id').primaryKey(),
  /** counts the steps */
  revision: int8('revision').notNull(),
  chainId: int8('chain_id'),
  genesisHash: text('genesis_hash'),
  contract: text('contract'),
  startBlock: int8('start_block'),
  /** head at the database's creation: jobs up to it are history and were never pushed */
  feedFromBlock: int8('feed_from_block'),
  /** true until `feed_from_block` was reached for the first time */
  silent: boolean('silent').notNull(),
  /** the block indexed last */
  blockNumber: int8('block_number'),
  blockHash: text('block_hash'),
  /** unix seconds */
  blockTimestamp: numeric('block_timestamp', { precision: 78, scale: 0 }),
  /** the highest finalized block seen: no reorg goes below it */
  finalizedNumber: int8('finalized_number'),
  /** the feed's last id */
  lastId: int8('last_id').notNull(),
  /** the feed was pruned up to this id: a client that knows this one can still resume */
  prunedId: int8('pruned_id').notNull(),
  /** the chain's head when an indexer last looked */
  headNumber: int8('head_number'),
  headTimestamp: numeric('head_timestamp', { precision: 78, scale: 0 }),
  /** the process that indexes now, and when it last had an answer from the chain */
  indexer: text('indexer'),
  checkedAt: timestamp('checked_at', { withTimezone: true }),
})
