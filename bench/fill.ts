import postgres from 'postgres'
import { openPostgres } from '../src/store/postgres.ts'

/** A block holds so many of the jobs. */
const PER_BLOCK = 50
const CLIENTS = 1_000
/** Entries of the feed: what a busy hour leaves, and more than a process keeps in memory. */
const FED = 10_000

/** The chain a filled database belongs to; its head is the block of the last job. */
export interface FilledAt {
  chainId: number
  genesisHash: string
  contract: string
  head: { number: number; hash: string; timestamp: number }
}

/** Any chain, for processes that serve the API only. */
export const noChain: FilledAt = {
  chainId: 31_337,
  genesisHash: `0x${'0'.repeat(64)}`,
  contract: `0x${'5'.repeat(40)}`,
  head: {
    number: 100_000_000,
    hash: `0x${'a'.repeat(64)}`,
    timestamp: Math.floor(Date.now() / 1000),
  },
}

/**
 * Fills a new database as an indexer would have left it after `jobs` jobs: tables of this version, tallies, feed and
 * cursor. Job i has the strategy i mod 4 and the client i·7919 mod 1,000.
 */
export async function fillDatabase(url: string, jobs: number, at: FilledAt = noChain): Promise<void> {
  await (await openPostgres(url)).close()
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  const { head } = at
  try {
    await sql`
      insert into jobs (block_number, log_index, job_id, client_id, strategy_type, verification_level, budget, deadline,
        block_hash, block_timestamp, transaction_hash)
      select block, i, i + 1, (i::bigint * 7919) % ${CLIENTS}, i % 4, 1 + i % 4, 50000000 + i * 1000,
        block_time + 604800, '0x' || repeat(md5(block::text), 2), block_time, '0x' || repeat(md5(i::text), 2)
      from generate_series(0, ${jobs - 1}::int) i,
        lateral (select greatest(0, ${head.number}::bigint - (${jobs - 1} - i) / ${PER_BLOCK}) as block) b,
        lateral (select ${head.timestamp}::bigint - (${head.number}::bigint - block) * 2 as block_time) t`
    await sql`
      insert into totals (strategy_type, verification_level, jobs, budget)
      select strategy_type, verification_level, count(*), sum(budget) from jobs group by 1, 2`
    await sql`
      insert into hours (hour, strategy_type, jobs, budget)
      select block_timestamp - block_timestamp % 3600, strategy_type, count(*), sum(budget) from jobs group by 1, 2`
    await sql`
      insert into feed (id, type, data)
      select last_id + i, 'job_created', json_build_object('jobId', i::text, 'status', 'OPEN', 'clientId', '7',
        'strategyType', 'PROGRAM', 'verificationLevel', 1, 'budget', '100.000000', 'onchainDeadline', '1790000000',
        'onchainCreatedAt', '1780000000', 'creationTxHash', '0x' || repeat(md5(i::text), 2), 'blockNumber', i::text,
        'title', null, 'description', null)
      from cursor, generate_series(1, ${FED}) i`
    await sql`insert into blocks (number, hash) values (${head.number}, ${head.hash})`
    await sql`
      update cursor set chain_id = ${at.chainId}, genesis_hash = ${at.genesisHash}, contract = ${at.contract}, start_block = 0,
        feed_from_block = 0, silent = false, block_number = ${head.number}, block_hash = ${head.hash},
        block_timestamp = ${head.timestamp}, finalized_number = ${head.number}, head_number = ${head.number},
        head_timestamp = ${head.timestamp}, last_id = last_id + ${FED}, checked_at = clock_timestamp()`
    // What autovacuum does soon after.
    await sql.unsafe('vacuum analyze')
  } finally {
    await sql.end()
  }
}
