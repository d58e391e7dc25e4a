import { headerCall, latestCall } from './calls.ts'
import { rpcFailureOf } from './errors.ts'
import type { Pool } from './pool.ts'
import { IncompleteAnswerError } from './source.ts'

/**
 * The minimum depth of a finalized block: two epochs, as on Ethereum. Some nodes call their head finalized,
 * and the index cannot follow a reorg below the finalized block.
 */
const MIN_DEPTH = 64

/**
 * Returns a function that reads the number of the finalized block: the lower of the last two readings, so that
 * a single answer that is too high is not believed. The index could not follow a reorg below it. A reading that
 * is refused or incomplete counts as a repetition of the one before it. Null until a reading before the latest
 * one has found a number.
 */
export function createFinalizedTag(pool: Pool): () => Promise<number | null> {
  /** undefined before the first reading */
  let last: number | null | undefined

  async function read(): Promise<number | null> {
    try {
      const [latest, finalized] = await pool.ask([latestCall, headerCall('finalized')], {
        accepts: ([, finalized]) => finalized !== null,
      })
      return finalized && Math.min(finalized.number, latest.number - MIN_DEPTH)
    } catch (error) {
      // A node refuses an unknown tag in words of its own. A block that was final remains so.
      if (rpcFailureOf(error) === 'refused' || error instanceof IncompleteAnswerError) return last ?? null
      throw error
    }
  }

  return async () => {
    const before = last === undefined ? await read() : last
    // Kept if the second reading fails.
    last = before
    last = await read()
    return before === null || last === null ? null : Math.min(before, last)
  }
}
