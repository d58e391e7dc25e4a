import postgres from 'postgres'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { createDatabase } from '../../src/store/database.ts'
import { createFilterIndexes } from '../../src/store/filterIndexes.ts'
import { openPostgres } from '../../src/store/postgres.ts'

/** Jobs of each block that {@link seedJobs} makes. */
export const JOBS_A_BLOCK = 3

/** SQL expression of the status of job n. */
const STATUSES = `case when n % 1000 = 1 then 'DISPUTED' when n % 10 = 0 then 'OPEN' when n % 10 < 3 then 'REJECTED' else 'COMPLETED' end`

/**
 * Fills a new database as an indexer would after `count` jobs of the default contract: jobs, tallies and
 * cursor. A million jobs take seconds.
 *
 * Client 7 has half of the jobs; 5,000 clients share the rest. One job in ten has one of 30 providers. One in
 * a thousand has the strategy CEX_CAPITAL, none of them at level 4. Budgets are spread evenly from 1 to
 * 10,000 USDC. One job in a thousand is DISPUTED, and one in ten is OPEN.
 */
export async function seedJobs(url: string, count: number): Promise<void> {
  const db = createDatabase(await openPostgres(url, jobRegistry))
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    // VACUUM does not mark a page all-visible if its commit is not flushed yet.
    await sql.unsafe('set synchronous_commit = on')
    await sql.unsafe(`
      insert into jobs (block_number, log_index, job_id, data, keys)
      select n / ${JOBS_A_BLOCK}, n % ${JOBS_A_BLOCK}, n::text, json_build_object(
          'jobId', n::text, 'status', status, 'clientId', client, 'strategyType', strategy, 'verificationLevel', level,
          'budget', budget, 'onchainDeadline', (1790000000 + n)::text,
          'onchainCreatedAt', (1780000000 + n / ${JOBS_A_BLOCK} * 2)::text,
          'creationTxHash', '0x' || lpad(to_hex(n), 64, 'a'), 'blockNumber', (n / ${JOBS_A_BLOCK})::text,
          'title', null, 'description', null, 'providerId', provider, 'evaluatorId', null),
        array[status, client, strategy, level::text, budget, provider, null]
      from (
        select n, ${STATUSES} as status,
          (case when n % 100 < 50 then 7 else n * 7919 % 104729 % 5000 end)::text as client,
          (array['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL'])[1 + case when n % 1000 = 0 then 3 else n % 3 end] as strategy,
          1 + n / ${JOBS_A_BLOCK} % case when n % 1000 = 0 then 3 else 4 end as level,
          (1 + n * 104729 % 10000)::text || '.000000' as budget,
          case when n % 10 = 0 then (n % 300)::text end as provider
        from generate_series(0::bigint, ${count - 1}::bigint) n) job`)
    await fillTallies(sql)
    await sql.unsafe(`
      update cursor set revision = 1, chain_id = 31337, genesis_hash = '0x00', contract = '0x00', start_block = 0,
        feed_from_block = last.number, silent = false, block_number = last.number, block_hash = '0x00', block_timestamp = 0,
        finalized_number = last.number, head_number = last.number, head_timestamp = 0
      from (select max(block_number) as number from jobs) last`)
    await createFilterIndexes(db, jobRegistry)
    await sql.unsafe('vacuum analyze')
  } finally {
    await Promise.all([sql.end(), db.close()])
  }
}

/** Fills the tallies from the jobs of the default contract, as the indexer would have. */
export async function fillTallies(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into totals (kind, jobs, amount)
    select format('{"status":"%s","strategyType":"%s","verificationLevel":%s}', keys[1], keys[3], keys[4]),
      count(*), sum(keys[5]::numeric)
    from jobs group by 1`
  await sql`
    insert into hours (hour, choice, jobs, amount)
    select at - at % 3600, keys[3], count(*), sum(keys[5]::numeric)
    from jobs, lateral (select (data ->> 'onchainCreatedAt')::bigint as at) created group by 1, 2`
}
