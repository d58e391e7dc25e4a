import type { RpcLog } from 'viem'
import type { Job } from '../../src/contract/job.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import type { TestChain } from './anvil.ts'
import type { StreamEvent } from './eventStream.ts'

/**
 * Acquiring the lease advances the feed's id to the current time in microseconds. A smaller gap than this
 * means lost events.
 */
const LEAST_JUMP = 1_000

/**
 * Applies job events to a list of jobs, oldest first: adds on job_created, replaces on job_updated, deletes
 * on job_removed.
 * @param held the jobs before the events, as read from the history
 * @throws Error if an event is repeated, out of order, after a gap, or does not fit the jobs
 */
export function fold(events: StreamEvent[], held: Job[] = []): Job[] {
  const jobs = new Map(held.map((job) => [keyOf(job), job]))
  let last: number | undefined
  for (const { type, id, data } of events) {
    const step = last === undefined ? 1 : Number(id) - last
    if (step !== 1 && step < LEAST_JUMP) throw new Error(`event ${id} follows event ${last}`)
    last = Number(id)
    const job = data as unknown as Job
    const key = keyOf(job)
    if (type === 'job_created' && jobs.has(key)) throw new Error(`job ${job.jobId} was created twice`)
    if (type !== 'job_created' && !jobs.has(key))
      throw new Error(`${type} of job ${job.jobId}, which is not held`)
    if (type === 'job_removed' && JSON.stringify(jobs.get(key)) !== JSON.stringify(job))
      throw new Error(`job_removed of job ${job.jobId} does not carry the job as it was held`)
    if (type === 'job_removed') jobs.delete(key)
    else jobs.set(key, job)
  }
  return [...jobs.values()]
}

/** Includes the transaction, because a contract may use an id twice. */
function keyOf({ creationTxHash, jobId }: Job): string {
  return `${creationTxHash} ${jobId}`
}

/** Blocks per eth_getLogs: the logs of a whole chain can be too large for one response. */
const RANGE = 1_000

/** Reads the jobs of the chain from its node, with all changes applied, oldest first. */
export async function jobsOnChain(chain: Pick<TestChain, 'address' | 'rpc'>): Promise<Job[]> {
  const { address, rpc } = chain
  const hex = (number: number) => `0x${number.toString(16)}`
  const head = Number(await rpc<string>('eth_blockNumber'))
  const jobs: Job[] = []
  const latest = new Map<string, Job>()
  for (let from = 0; from <= head; from += RANGE) {
    const logs = await rpc<RpcLog[]>('eth_getLogs', [
      {
        address,
        topics: [jobRegistry.topics],
        fromBlock: hex(from),
        toBlock: hex(Math.min(head, from + RANGE - 1)),
      },
    ])
    const hashes = [...new Set(logs.map(({ blockHash }) => blockHash))]
    const timestamps = await Promise.all(
      hashes.map(async (hash): Promise<[unknown, string]> => {
        const { timestamp } = await rpc<{ timestamp: string }>('eth_getBlockByHash', [hash, false])
        return [hash, String(BigInt(timestamp))]
      }),
    )
    const timestampOf = new Map(timestamps)
    for (const log of logs) {
      const { jobId, job, set } = jobRegistry.decode(log, timestampOf.get(log.blockHash) as string)
      if (job) jobs.push(job)
      if (job) latest.set(jobId, job)
      else Object.assign(latest.get(jobId) ?? {}, set)
    }
  }
  return jobs
}
