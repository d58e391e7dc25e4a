import { mayFitSmaller, rpcFailureOf } from '../chain/errors.ts'
import type { IndexerContext } from './context.ts'
import { type RangeLogs, readRange } from './readRange.ts'

/** Ranges requested ahead of the one that is written. */
const AHEAD = 3
/**
 * Maximum number of ranges that one round of take() requests. If the size turns out too large, only these are
 * wasted.
 */
const MAX_NEW_REQUESTS = 2
/**
 * Few providers allow less. Seven doublings lead to the largest size, so a low start costs some seven round
 * trips.
 */
const FIRST_SIZE = 100
/** The largest range that most providers allow. */
const MAX_SIZE = 10_000
/**
 * The size shrinks if a range holds more logs: the rows of a step stay at a few megabytes, and progress
 * stays visible.
 */
const WANTED_LOGS = 4_000

/** A range that is being read. */
interface PendingRange {
  from: number
  to: number
  range: Promise<RangeLogs>
}

/**
 * Returns a function that reads consecutive block ranges, ahead of their commits. The size doubles after an
 * answer with few logs, shrinks after one with too many, and halves after a failure. If doubling would
 * reach the size that was refused last, it grows by small steps, so that it settles below a provider's limit.
 */
export function createRanges(context: IndexerContext) {
  let size = FIRST_SIZE
  let refusedAt = Number.POSITIVE_INFINITY
  let pending: PendingRange[] = []

  function fill(from: number, limit: number): void {
    let next = pending.at(-1)?.to ?? from - 1
    const wanted = Math.min(pending.length + MAX_NEW_REQUESTS, AHEAD + 1)
    while (pending.length < wanted && next < limit) {
      const [first, last] = [next + 1, Math.min(next + size, limit)]
      const range = readRange(context, first, last)
      // take() throws the failure. If the range is dropped instead, its failure must not count as unhandled.
      range.catch(() => {})
      pending.push({ from: first, to: last, range })
      next = last
    }
  }

  /**
   * Returns the next range: from `from` on, up to `limit` at most. After an error that a smaller range may
   * avoid, it reads a smaller one.
   * @throws any other error of the read
   */
  return async function take(from: number, limit: number): Promise<RangeLogs> {
    for (;;) {
      const [ahead] = pending
      if (ahead?.from !== from || ahead.to > limit) pending = []
      fill(from, limit)
      const taken = pending.shift()
      if (!taken) throw new RangeError(`no blocks from ${from} to ${limit}`)
      const blocks = taken.to - taken.from + 1
      try {
        const range = await taken.range
        size = adapted(blocks, range.decoded.length + range.malformed.length)
        return range
      } catch (error) {
        pending = []
        if (blocks === 1 || rpcFailureOf(error) === undefined) throw error
        size = Math.floor(blocks / 2)
        // Any other failure, such as a rate limit or a broken connection, is thrown, so that runIndexer()
        // delays the next attempt. The size may then double again.
        if (!mayFitSmaller(error)) throw error
        refusedAt = blocks
      }
    }
  }

  /**
   * Returns the next size, after an answer with `logs` logs in `blocks` blocks. The size may have changed since
   * the request.
   */
  function adapted(blocks: number, logs: number): number {
    if (logs > WANTED_LOGS) return Math.min(size, Math.max(1, Math.floor((blocks * WANTED_LOGS) / logs)))
    if (logs > WANTED_LOGS / 2) return size
    const larger = blocks * 2 < refusedAt ? blocks * 2 : blocks + Math.ceil(blocks / 50)
    return Math.min(Math.max(size, larger), MAX_SIZE)
  }
}
