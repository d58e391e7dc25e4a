import { expect } from 'vitest'
import type { Job } from '../../src/contract/job.ts'
import type { TestChain } from './anvil.ts'
import type { StreamEvent } from './eventStream.ts'
import { jobsOnChain } from './fold.ts'

/** What identifies a job of a chain, where it stands, and how far it is. */
export type Place = [blockNumber: string, jobId: string, transactionHash: string, status: string]

/** Every job the chain holds now, oldest first, asked of the node itself. */
export async function jobsOfChain(chain: TestChain): Promise<Place[]> {
  return (await jobsOnChain(chain)).map(placeOf)
}

export function placeOf(job: Job): Place {
  return [job.blockNumber, job.jobId, job.creationTxHash, job.status]
}

/**
 * What a subscriber holds after these events, of the jobs that it saw created. Also asserts that ids grow, which they
 * would not if an event came twice.
 */
export function fold(events: Pick<StreamEvent, 'type' | 'id' | 'data'>[]): Place[] {
  const held = new Map<string, Place>()
  let last = 0
  for (const { type, id, data } of events) {
    if (!type.startsWith('job_')) continue
    expect(Number(id)).toBeGreaterThan(last)
    last = Number(id)
    const place = placeOf(data as unknown as Job)
    const key = `${place[1]} ${place[2]}`
    if (type === 'job_created' || (type === 'job_updated' && held.has(key))) held.set(key, place)
    else if (type === 'job_removed') {
      if (held.has(key)) expect(held.get(key)).toEqual(place)
      held.delete(key)
    }
  }
  return [...held.values()]
}
