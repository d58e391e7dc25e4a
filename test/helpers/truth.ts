import { expect } from 'vitest'
import type { Job } from '../../src/contract/job.ts'
import type { TestChain } from './anvil.ts'
import type { StreamEvent } from './eventStream.ts'
import { jobsOnChain } from './fold.ts'

/** A job's identity, its block and its status. */
export type Place = [blockNumber: string, jobId: string, transactionHash: string, status: string]

/** Reads every job of the chain from its node, oldest first. */
export async function jobsOfChain(chain: TestChain): Promise<Place[]> {
  return (await jobsOnChain(chain)).map(placeOf)
}

export function placeOf(job: Job): Place {
  return [job.blockNumber, job.jobId, job.creationTxHash, job.status]
}

/**
 * Applies events to a list of jobs. Updates and removals of jobs whose creation is not among the events are ignored.
 * Asserts that ids grow, so an event that is sent twice fails.
 */
export function foldPlaces(events: Pick<StreamEvent, 'type' | 'id' | 'data'>[]): Place[] {
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
