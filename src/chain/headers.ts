import { headerCall } from './calls.ts'
import { mapBounded } from './mapBounded.ts'
import type { Pool } from './pool.ts'
import type { Header, Source } from './source.ts'

/**
 * Number of headers that are read in one batch. A range needs a batch of three calls, and public endpoints
 * that limit batches allow at least three.
 */
const BATCH_SIZE = 3

/** Reads headers, as {@link Source} describes it. */
export function createHeaderReader(pool: Pool): Pick<Source, 'header' | 'headers'> {
  async function headers(numbers: number[]): Promise<(Header | null)[]> {
    const batches: number[][] = []
    for (let i = 0; i < numbers.length; i += BATCH_SIZE) batches.push(numbers.slice(i, i + BATCH_SIZE))
    return (await mapBounded(batches, (batch) => pool.ask(batch.map((number) => headerCall(number))))).flat()
  }

  return {
    headers,
    header: async (number) => (await headers([number]))[0] ?? null,
  }
}
