import type { Hex, RpcLog } from 'viem'
import { expect } from 'vitest'
import { type Job, jobCreatedTopic } from '../../src/job.ts'
import type { TestChain } from './anvil.ts'
import type { StreamEvent } from './eventStream.ts'

/** What identifies one JobCreated log of a chain, and where it stands. */
export type Place = [blockNumber: string, jobId: string, transactionHash: string]

/** Every job the chain holds now, oldest first, asked of the node itself. */
export async function jobsOfChain(chain: TestChain): Promise<Place[]> {
  const logs = await chain.rpc<RpcLog[]>('eth_getLogs', [
    { address: chain.address, topics: [jobCreatedTopic], fromBlock: '0x0', toBlock: 'latest' },
  ])
  return logs.map((log) => [
    BigInt(log.blockNumber as Hex).toString(),
    BigInt(log.topics[1] as Hex).toString(),
    log.transactionHash as Hex,
  ])
}

export function placeOf(job: Job): Place {
  return [job.blockNumber, job.jobId, job.creationTxHash]
}

/**
 * What a subscriber holds after these events: each `job_removed` takes the newest away. Also asserts that ids grow, which they
 * would not if an event came twice.
 */
export function fold(events: Pick<StreamEvent, 'type' | 'id' | 'data'>[]): Place[] {
  const held: Place[] = []
  let last = 0
  for (const { type, id, data } of events) {
    if (!type.startsWith('job_')) continue
    expect(Number(id)).toBeGreaterThan(last)
    last = Number(id)
    const place = placeOf(data as unknown as Job)
    if (type === 'job_created') held.push(place)
    else expect(held.pop()).toEqual(place)
  }
  return held
}
