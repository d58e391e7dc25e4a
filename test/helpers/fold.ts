import { decode, type Job, jobCreatedTopic, toJob } from '../../src/job.ts'
import type { TestChain } from './anvil.ts'
import type { StreamEvent } from './eventStream.ts'

/**
 * The jobs a subscriber holds after these events, oldest first: added on job_created, taken away on job_removed.
 * @throws Error where an event came twice, out of order or with a hole before it, or does not fit what is held
 */
export function fold(events: StreamEvent[]): Job[] {
  const held = new Map<string, Job>()
  let last: number | undefined
  for (const { type, id, data } of events) {
    if (last !== undefined && Number(id) !== last + 1) throw new Error(`event ${id} follows ${last}`)
    last = Number(id)
    const job = data as unknown as Job
    const key = `${job.creationTxHash} ${job.jobId}`
    if (type === 'job_created' && held.has(key)) throw new Error(`job ${job.jobId} was created twice`)
    if (type === 'job_removed' && !held.has(key)) throw new Error(`job ${job.jobId} was removed and not held`)
    if (type === 'job_created') held.set(key, job)
    else held.delete(key)
  }
  return [...held.values()]
}

/** The jobs of the chain, as its own node tells them, oldest first. */
export async function jobsOnChain(chain: TestChain): Promise<Job[]> {
  const logs = await chain.rpc<Parameters<typeof decode>[0][]>('eth_getLogs', [
    { address: chain.address, topics: [jobCreatedTopic], fromBlock: '0x0', toBlock: 'latest' },
  ])
  const timestamps = new Map<unknown, string>()
  for (const { blockHash } of logs) {
    if (timestamps.has(blockHash)) continue
    const block = await chain.rpc<{ timestamp: string }>('eth_getBlockByHash', [blockHash, false])
    timestamps.set(blockHash, String(BigInt(block.timestamp)))
  }
  return logs.map((log) => toJob(decode(log, timestamps.get(log.blockHash) as string)))
}
