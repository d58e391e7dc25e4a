/**
 * Floor of the first sync, as viem's users would write it: a loop of `getLogs` with viem's decoder and an
 * insert, one after the other.
 */
import postgres from 'postgres'
import { createPublicClient, getAbiItem, http } from 'viem'
import { jobRegistryAbi } from '../../abi/jobRegistry.ts'
import { answer } from '../child.ts'

const BLOCKS = 100
const event = getAbiItem({ abi: jobRegistryAbi, name: 'JobCreated' })

answer({ sync })

async function sync(task: {
  url: string
  address: `0x${string}`
  from: number
  to: number
  databaseUrl: string
}) {
  const sql = postgres(task.databaseUrl, { max: 1 })
  await sql.unsafe(`
    create table jobs (
      block_number bigint, log_index integer, job_id numeric(78,0) not null, client_id numeric(78,0) not null,
      strategy_type smallint not null, verification_level smallint not null, budget numeric(78,0) not null,
      deadline numeric(78,0) not null, block_hash text not null, block_timestamp numeric(78,0) not null,
      transaction_hash text not null, primary key (block_number, log_index))`)
  const client = createPublicClient({ transport: http(task.url) })

  const start = performance.now()
  for (let from = task.from; from <= task.to; from += BLOCKS) {
    const logs = await client.getLogs({
      address: task.address,
      event,
      strict: true,
      fromBlock: BigInt(from),
      toBlock: BigInt(Math.min(from + BLOCKS - 1, task.to)),
    })
    if (logs.length === 0) continue
    const rows = logs.map((log) => ({
      block_number: String(log.blockNumber),
      log_index: log.logIndex,
      job_id: String(log.args.jobId),
      client_id: String(log.args.clientId),
      strategy_type: log.args.strategyType,
      verification_level: log.args.verificationLevel,
      budget: String(log.args.budget),
      deadline: String(log.args.deadline),
      block_hash: log.blockHash,
      block_timestamp: String((log as { blockTimestamp?: bigint }).blockTimestamp),
      transaction_hash: log.transactionHash,
    }))
    await sql`insert into jobs ${sql(rows)}`
  }
  const seconds = (performance.now() - start) / 1000

  const [row] = await sql`select count(*)::int as count from jobs`
  await sql.end()
  return { seconds, count: row?.count as number }
}
