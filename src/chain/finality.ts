import { isRefusal } from './errors.ts'
import { headerCall, toHeader } from './header.ts'
import type { Pool } from './pool.ts'
import { IncompleteAnswerError } from './source.ts'

/**
 * Blocks below its head that an endpoint may call final at most: what is final on Ethereum. The index can not follow a reorg
 * below the finalized block, and some nodes call their head final.
 */
const LEAST_DEPTH = 64

/**
 * Reads the finalized block's number, and believes what two looks agree on: the lower of this look and the one before. It is
 * null if no endpoint ever knew the tag.
 */
export function createFinality(pool: Pool): () => Promise<number | null> {
  /** the claim of the last look; undefined before the first */
  let last: number | null | undefined

  async function look(): Promise<number | null> {
    const calls = [headerCall('latest'), headerCall('finalized')]
    try {
      const [latest, finalized] = (
        await pool.ask(calls, { accepts: (results) => results.every((result) => toHeader(result) !== null) })
      ).map(toHeader)
      if (!latest || !finalized) return null
      return Math.min(finalized.number, latest.number - LEAST_DEPTH)
    } catch (error) {
      // A node refuses an unknown tag in words of its own. What was final once remains so.
      if (isRefusal(error) || error instanceof IncompleteAnswerError) return last ?? null
      throw error
    }
  }

  return async () => {
    const before = last === undefined ? await look() : last
    last = before
    last = await look()
    return before === null || last === null ? null : Math.min(before, last)
  }
}
