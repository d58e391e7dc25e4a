import postgres from 'postgres'
import { jobRegistry } from '../src/contract/jobRegistry.ts'
import { createDatabase } from '../src/store/database.ts'
import { createFilterIndexes } from '../src/store/filterIndexes.ts'
import { openPostgres } from '../src/store/postgres.ts'
import type { TestChain } from '../test/helpers/anvil.ts'
import { fillTallies } from '../test/helpers/seedJobs.ts'

/** Jobs in one block. */
export const PER_BLOCK = 50
const CLIENTS = 1_000
/**
 * Entries of the feed: as many as after a busy hour, and more than the 8,192 that a process loads when
 * it starts.
 */
const FED = 10_000

/** A job object as the store writes it, for Postgres' format(). */
const JOB = `{"jobId":"%s","status":"OPEN","clientId":"%s","strategyType":"%s","verificationLevel":%s,"budget":"%s","onchainDeadline":"%s","onchainCreatedAt":"%s","creationTxHash":"0x%8$s%8$s","blockNumber":"%9$s","title":null,"description":null,"providerId":null,"evaluatorId":null}`

/** The chain a filled database belongs to; its head is the block of the last job. */
interface FilledAt {
  chainId: number
  genesisHash: string
  contract: string
  head: { number: number; hash: string; timestamp: number }
}

/** An invented chain, for processes that only serve the API. */
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

/** The chain as it is now, with its test contract. */
export async function headOf(chain: TestChain): Promise<FilledAt> {
  const [{ hash: genesisHash }, head] = await Promise.all([
    chain.client.getBlock({ blockNumber: 0n }),
    chain.client.getBlock(),
  ])
  return {
    chainId: await chain.client.getChainId(),
    genesisHash,
    contract: chain.address.toLowerCase(),
    head: { number: Number(head.number), hash: head.hash, timestamp: Number(head.timestamp) },
  }
}

/**
 * Fills a new database as an indexer would leave it after `jobs` jobs: with jobs, tallies, feed and cursor.
 * Job i has the strategy i mod 4 and the client i·7919 mod 1,000.
 */
export async function fillDatabase(url: string, jobs: number, at: FilledAt = noChain): Promise<void> {
  const db = createDatabase(await openPostgres(url, jobRegistry))
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  const { head } = at
  try {
    await sql`
      insert into jobs (block_number, log_index, job_id, data, keys)
      select block, i, id,
        format(${JOB}, id, client, strategy, level, budget, block_time + 604800, block_time, md5(i::text), block)::json,
        array['OPEN', client, strategy, level::text, budget, null, null]
      from generate_series(0, ${jobs - 1}::int) i,
        lateral (select greatest(0, ${head.number}::bigint - (${jobs - 1} - i) / ${PER_BLOCK}) as block) b,
        lateral (
          select (i + 1)::text as id, ((i::bigint * 7919) % ${CLIENTS})::text as client, 1 + i % 4 as level,
            (array['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL'])[1 + i % 4] as strategy,
            ((50000 + i) * 0.001)::numeric(78, 6)::text as budget,
            ${head.timestamp}::bigint - (${head.number}::bigint - block) * 2 as block_time) job`
    await fillTallies(sql)
    await sql`
      insert into feed (id, type, data)
      select last_id + i, 'job_created',
        format(${JOB}, i, 7, 'PROGRAM', 1, '100.000000', 1790000000, 1780000000, md5(i::text), i)
      from cursor, generate_series(1, ${FED}) i`
    await sql`insert into blocks (number, hash) values (${head.number}, ${head.hash})`
    await sql`
      update cursor set revision = revision + 1, chain_id = ${at.chainId}, genesis_hash = ${at.genesisHash}, contract = ${at.contract}, start_block = 0,
        feed_from_block = 0, silent = false, block_number = ${head.number}, block_hash = ${head.hash},
        block_timestamp = ${head.timestamp}, finalized_number = ${head.number}, head_number = ${head.number},
        head_timestamp = ${head.timestamp}, last_id = last_id + ${FED}, checked_at = clock_timestamp()`
    await createFilterIndexes(db, jobRegistry)
    // Autovacuum would do this soon after.
    await sql.unsafe('vacuum analyze')
  } finally {
    await Promise.all([sql.end(), db.close()])
  }
}
