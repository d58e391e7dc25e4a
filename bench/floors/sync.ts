/**
 * The bare first sync: raw `eth_getLogs` by block range, a decoder of the fixed layout, the next range fetched while this
 * one is written, one multi-row insert a chunk. One table with its primary key; no cursor, no checks, no headers.
 */
import postgres from 'postgres'
import { jobCreatedTopic } from '../../src/job.ts'
import { answer } from '../child.ts'

/** 5,000 logs at 50 a block: 4 MB. */
const BLOCKS = 100

interface Log {
  topics: [string, string, string]
  data: string
  blockHash: string
  blockNumber: string
  blockTimestamp: string
  transactionHash: string
  logIndex: string
}

answer({ sync })

async function sync(task: { url: string; address: string; from: number; to: number; databaseUrl: string }) {
  const sql = postgres(task.databaseUrl, { max: 1 })
  await sql.unsafe(`
    create table jobs (
      block_number bigint, log_index integer, job_id numeric(78,0) not null, client_id numeric(78,0) not null,
      strategy_type smallint not null, verification_level smallint not null, budget numeric(78,0) not null,
      deadline numeric(78,0) not null, block_hash text not null, block_timestamp numeric(78,0) not null,
      transaction_hash text not null, primary key (block_number, log_index))`)

  async function fetchLogs(from: number): Promise<Log[]> {
    const response = await fetch(task.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'eth_getLogs',
        params: [
          {
            address: task.address,
            topics: [jobCreatedTopic],
            fromBlock: `0x${from.toString(16)}`,
            toBlock: `0x${Math.min(from + BLOCKS - 1, task.to).toString(16)}`,
          },
        ],
      }),
    })
    return ((await response.json()) as { result: Log[] }).result
  }

  const start = performance.now()
  let next = fetchLogs(task.from)
  for (let from = task.from; from <= task.to; from += BLOCKS) {
    const logs = await next
    if (from + BLOCKS <= task.to) next = fetchLogs(from + BLOCKS)
    await insert(logs)
  }
  const seconds = (performance.now() - start) / 1000

  const [row] = await sql`select count(*)::int as count from jobs`
  await sql.end()
  return { seconds, count: row?.count as number }

  function insert(logs: Log[]) {
    const columns: unknown[][] = Array.from({ length: 11 }, () => [])
    for (const log of logs) {
      const { data } = log
      const row = [
        Number(log.blockNumber),
        Number(log.logIndex),
        BigInt(log.topics[1]).toString(),
        BigInt(log.topics[2]).toString(),
        Number.parseInt(data.slice(64, 66), 16),
        Number.parseInt(data.slice(128, 130), 16),
        BigInt(`0x${data.slice(130, 194)}`).toString(),
        BigInt(`0x${data.slice(194, 258)}`).toString(),
        log.blockHash,
        Number(log.blockTimestamp),
        log.transactionHash,
      ]
      for (let i = 0; i < 11; i++) columns[i]?.push(row[i])
    }
    return sql.unsafe(
      `insert into jobs select * from unnest($1::bigint[], $2::int[], $3::numeric[], $4::numeric[], $5::smallint[],
        $6::smallint[], $7::numeric[], $8::numeric[], $9::text[], $10::numeric[], $11::text[])`,
      columns.map((column) => `{${column.join(',')}}`),
      { prepare: true },
    )
  }
}
