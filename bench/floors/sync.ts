/**
 * Floor of the first sync: raw `eth_getLogs` by block range and a decoder of the fixed layout. The next range
 * is fetched while the last one is written. Each range is one insert, by rows or, which is faster, by
 * columns. One table with a primary key and a row for each log; no cursor, no checks, no headers, no jobs
 * composed of several logs.
 */
import postgres from 'postgres'
import { encodeEventTopics } from 'viem'
import { jobRegistryAbi } from '../../abi/jobRegistry.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { answer } from '../child.ts'

/** Blocks per range: 5,000 logs at 50 per block, which is 4 MB. */
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

type Row = Record<string, string | number | null>

const [created] = encodeEventTopics({ abi: jobRegistryAbi, eventName: 'JobCreated' })
const [funded] = encodeEventTopics({ abi: jobRegistryAbi, eventName: 'JobFunded' })

/** Columns of the creating log alone. */
const createdColumns = {
  block_number: 'bigint',
  log_index: 'int',
  job_id: 'numeric',
  client_id: 'numeric',
  strategy_type: 'smallint',
  verification_level: 'smallint',
  budget: 'numeric',
  deadline: 'numeric',
  block_hash: 'text',
  block_timestamp: 'numeric',
  transaction_hash: 'text',
}

/** Columns of any log: the acting party, and the first word of data, which is an amount or a hash. */
const mixedColumns = {
  block_number: 'bigint',
  log_index: 'int',
  event: 'smallint',
  job_id: 'numeric',
  party: 'numeric',
  strategy_type: 'smallint',
  verification_level: 'smallint',
  amount: 'numeric',
  deadline: 'numeric',
  hash: 'text',
  block_hash: 'text',
  block_timestamp: 'numeric',
  transaction_hash: 'text',
}

answer({ sync })

async function sync(task: {
  url: string
  address: string
  from: number
  to: number
  databaseUrl: string
  byColumn?: boolean
  mixed?: boolean
}) {
  const columns = Object.entries(task.mixed ? mixedColumns : createdColumns)
  const decode: (log: Log) => Row = task.mixed ? decodeAny : decodeCreated
  const topics = [task.mixed ? jobRegistry.topics : created]
  const sql = postgres(task.databaseUrl, { max: 1 })
  await sql.unsafe(
    `create table logs (${columns.map(([name, type]) => `${name} ${type}`).join(', ')}, primary key (block_number, log_index))`,
  )

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
            topics,
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

  const [row] = await sql`select count(*)::int as count from logs`
  await sql.end()
  return { seconds, count: row?.count as number }

  function insertRows(logs: Log[]) {
    return sql`insert into logs ${sql(logs.map(decode))}`
  }

  function insertColumns(logs: Log[]) {
    const rows = logs.map(decode)
    const arrays = columns.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ')
    return sql.unsafe(
      `insert into logs select * from unnest(${arrays})`,
      columns.map(([name]) => `{${rows.map((row) => row[name] ?? 'null').join(',')}}`),
      { prepare: true },
    )
  }
}

function decodeCreated(log: Log) {
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

function decodeAny(log: Log) {
  const { topics, data } = log
  const creates = topics[0] === created
  const pays = topics[0] === funded
  return {
    block_number: Number(log.blockNumber),
    log_index: Number(log.logIndex),
    event: jobRegistry.topics.indexOf(topics[0] as never),
    job_id: BigInt(topics[1]).toString(),
    party: BigInt(topics[2]).toString(),
    strategy_type: creates ? Number.parseInt(data.slice(64, 66), 16) : null,
    verification_level: creates ? Number.parseInt(data.slice(128, 130), 16) : null,
    amount: creates ? BigInt(`0x${data.slice(130, 194)}`).toString() : pays ? BigInt(data).toString() : null,
    deadline: creates ? BigInt(`0x${data.slice(194, 258)}`).toString() : null,
    hash: creates || pays || data === '0x' ? null : data,
    block_hash: log.blockHash,
    block_timestamp: Number(log.blockTimestamp),
    transaction_hash: log.transactionHash,
  }
}
