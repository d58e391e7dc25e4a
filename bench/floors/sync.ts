/**
 * The bare first sync: raw `eth_getLogs` by block range, a decoder of the fixed layout, the next range fetched while this
 * one is written, one insert a chunk: its rows as values, or column by column, which is faster. One table with its primary
 * key; no cursor, no checks, no headers.
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

async function sync(task: {
  url: string
  address: string
  from: number
  to: number
  databaseUrl: string
  byColumn: boolean
}) {
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
    await (task.byColumn ? insertColumns(logs) : insertRows(logs))
  }
  const seconds = (performance.now() - start) / 1000

  const [row] = await sql`select count(*)::int as count from jobs`
  await sql.end()
  return { seconds, count: row?.count as number }

  function insertRows(logs: Log[]) {
    return sql`insert into jobs ${sql(logs.map(decode))}`
  }

  function insertColumns(logs: Log[]) {
    const rows = logs.map(decode)
    return sql.unsafe(
      `insert into jobs select * from unnest($1::bigint[], $2::int[], $3::numeric[], $4::numeric[], $5::smallint[],
        $6::smallint[], $7::numeric[], $8::numeric[], $9::text[], $10::numeric[], $11::text[])`,
      columns.map((column) => `{${rows.map((row) => row[column]).join(',')}}`),
      { prepare: true },
    )
  }
}

function decode(log: Log) {
  const { data } = log
  return {
    block_number: Number(log.blockNumber),
    log_index: Number(log.logIndex),
    job_id: BigInt(log.topics[1]).toString(),
    client_id: BigInt(log.topics[2]).toString(),
    strategy_type: Number.parseInt(data.slice(64, 66), 16),
    verification_level: Number.parseInt(data.slice(128, 130), 16),
    budget: BigInt(`0x${data.slice(130, 194)}`).toString(),
    deadline: BigInt(`0x${data.slice(194, 258)}`).toString(),
    block_hash: log.blockHash,
    block_timestamp: Number(log.blockTimestamp),
    transaction_hash: log.transactionHash,
  }
}

const columns = [
  'block_number',
  'log_index',
  'job_id',
  'client_id',
  'strategy_type',
  'verification_level',
  'budget',
  'deadline',
  'block_hash',
  'block_timestamp',
  'transaction_hash',
] as const
