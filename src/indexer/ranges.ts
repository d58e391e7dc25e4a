import { RangeRefusedError, type Source } from '../chain/source.ts'

/** Ranges asked for ahead of the one that is written. */
const AHEAD = 3
/** New ones at a time: what is asked in one tick is one POST, whose answer has a size limit. */
const AT_ONCE = 2
const FIRST_SIZE = 100
/** What most providers allow at best. */
const MAX_SIZE = 10_000
/** One step's rows stay a few megabytes, and progress visible. */
const WANTED_LOGS = 4_000

export type RangeAnswer = Awaited<ReturnType<Source['range']>> & { from: number; to: number }

interface Flight {
  from: number
  to: number
  answer: ReturnType<Source['range']>
}

/**
 * Reads consecutive block ranges ahead of their commits, in a size that adapts: doubled while it is welcome, halved when
 * refused, and from then on grown by little steps only, so that a provider's limit is found and not fought.
 */
export function createRanges(source: Source): (from: number, limit: number) => Promise<RangeAnswer> {
  let size = FIRST_SIZE
  let refusedAt = Number.POSITIVE_INFINITY
  let flights: Flight[] = []

  function fill(from: number, limit: number): void {
    let next = flights.at(-1)?.to ?? from - 1
    const wanted = Math.min(flights.length + AT_ONCE, AHEAD + 1)
    while (flights.length < wanted && next < limit) {
      const flight = { from: next + 1, to: Math.min(next + size, limit) }
      const answer = source.range(flight.from, flight.to)
      // Whoever takes it sees its failure; one that is dropped must not count as unhandled.
      answer.catch(() => {})
      flights.push({ ...flight, answer })
      next = flight.to
    }
  }

  /** The answer for the blocks from `from` on, up to `limit` at most. Rejects as {@link Source.range} does. */
  return async function take(from, limit) {
    for (;;) {
      if (flights[0]?.from !== from || (flights[0]?.to as number) > limit) flights = []
      fill(from, limit)
      const flight = flights.shift() as Flight
      try {
        const answer = await flight.answer
        size = grown(answer.logs?.length ?? 0)
        return { ...answer, from: flight.from, to: flight.to }
      } catch (error) {
        flights = []
        const asked = flight.to - flight.from + 1
        if (!(error instanceof RangeRefusedError) || asked === 1) throw error
        refusedAt = asked
        size = Math.floor(asked / 2)
      }
    }
  }

  function grown(logs: number): number {
    if (logs > WANTED_LOGS) return Math.max(1, Math.floor((size * WANTED_LOGS) / logs))
    if (logs > WANTED_LOGS / 2) return size
    const larger = size * 2 < refusedAt ? size * 2 : size + Math.ceil(size / 50)
    return Math.min(larger, MAX_SIZE)
  }
}
