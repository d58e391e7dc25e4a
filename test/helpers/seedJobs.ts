import postgres from 'postgres'

/** Jobs of each block that {@link seedJobs} makes. */
export const JOBS_A_BLOCK = 3

/**
 * Fills a migrated database as an index of `count` jobs would have: jobs, tallies and cursor, in seconds also for a million.
 * Client 7 has half of the jobs, the others share 5,000 clients; strategy 3 (CEX_CAPITAL) has one in a thousand, and none at
 * level 4; budgets are 1 to 10000 USDC, evenly spread.
 */
export async function seedJobs(url: string, count: number): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    // Vacuum marks no page as visible to all whose commit is not flushed yet.
    await sql.unsafe('set synchronous_commit = on')
    await sql.unsafe(`
      insert into jobs (block_number, log_index, job_id, client_id, strategy_type, verification_level, budget, deadline,
        block_hash, block_timestamp, transaction_hash)
      select n / ${JOBS_A_BLOCK}, n % ${JOBS_A_BLOCK}, n, case when n % 100 < 50 then 7 else n * 7919 % 104729 % 5000 end,
        case when n % 1000 = 0 then 3 else n % 3 end, 1 + n / ${JOBS_A_BLOCK} % case when n % 1000 = 0 then 3 else 4 end,
        (1 + n * 104729 % 10000)::numeric * 1000000, 1790000000 + n,
        '0x' || lpad(to_hex(n / ${JOBS_A_BLOCK}), 64, '0'), 1780000000 + n / ${JOBS_A_BLOCK} * 2,
        '0x' || lpad(to_hex(n), 64, 'a')
      from generate_series(0::bigint, ${count - 1}::bigint) n`)
    await sql.unsafe(`
      insert into totals select strategy_type, verification_level, count(*), sum(budget) from jobs group by 1, 2`)
    await sql.unsafe(`
      insert into hours select block_timestamp - block_timestamp % 3600, strategy_type, count(*), sum(budget)
      from jobs group by 1, 2`)
    await sql.unsafe(`
      update cursor set revision = 1, chain_id = 31337, genesis_hash = '0x00', contract = '0x00', start_block = 0,
        feed_from_block = last.number, silent = false, block_number = last.number, block_hash = '0x00', block_timestamp = 0,
        finalized_number = last.number, head_number = last.number, head_timestamp = 0
      from (select max(block_number) as number from jobs) last`)
    await sql.unsafe('vacuum analyze')
  } finally {
    await sql.end()
  }
}
