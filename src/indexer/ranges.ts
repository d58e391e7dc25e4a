import { type Header, RangeRefusedError } from '../chain/source.ts'
import type { DecodedLogs } from './logs.ts'

/** Ranges asked for ahead of the one that is written. */
const AHEAD = 3
/** New ones at a time: what is asked in one tick is one POST, whose answer has a size limit. */
const AT_ONCE = 2
const FIRST_SIZE = 100
/** What most providers allow at best. */
const MAX_SIZE = 10_000
/** One step's rows stay a few megabytes, and progress visible. */
const WANTED_LOGS = 4_000

/** What a range of blocks holds, with the headers of both its ends. */
export interface Range extends DecodedLogs {
  first: Header
  last: Header
}

/** Gives the blocks from `from` on, up to `limit` at most. Rejects as the read of a range does. */
export type TakeRange = (from: number, limit: number) => Promise<Range>

interface Flight {
  from: number
  to: number
  range: Promise<Range>
}

/**
 * Reads consecutive block ranges ahead of their commits, in a size that adapts: doubled while it is welcome, halved when
 * refused, and from then on grown by little steps only, so that a provider's limit is found and not fought.
 * @param read rejects with RangeRefusedError where fewer blocks may help
 */
export function createRanges(read: (from: number, to: number) => Promise<Range>): TakeRange {
  let size = FIRST_SIZE
  let refusedAt = Number.POSITIVE_INFINITY
  let flights: Flight[] = []

  function fill(from: number, limit: number): void {
    let next = flights.at(-1)?.to ?? from - 1
    const wanted = Math.min(flights.length + AT_ONCE, AHEAD + 1)
    while (flights.length < wanted && next < limit) {
      const [first, last] = [next + 1, Math.min(next + size, limit)]
      const range = read(first, last)
      // Whoever takes it sees its failure; one that is dropped must not count as unhandled.
      range.catch(() => {})
      flights.push({ from: first, to: last, range })
      next = last
    }
  }

  return async function take(from, limit) {
    for (;;) {
      if (flights[0]?.from !== from || (flights[0]?.to as number) > limit) flights = []
      fill(from, limit)
      const flight = flights.shift() as Flight
      const asked = flight.to - flight.from + 1
      try {
        const range = await flight.range
        size = adapted(asked, range.decoded.length + range.malformed.length)
        return range
      } catch (error) {
        flights = []
        if (!(error instanceof RangeRefusedError) || asked === 1) throw error
        refusedAt = asked
        size = Math.floor(asked / 2)
      }
    }
  }

  /** By an answer to `asked` blocks, which were asked for when the size may have been another one. */
  function adapted(asked: number, logs: number): number {
    if (logs > WANTED_LOGS) return Math.min(size, Math.max(1, Math.floor((asked * WANTED_LOGS) / logs)))
    if (logs > WANTED_LOGS / 2) return size
    const larger = asked * 2 < refusedAt ? asked * 2 : asked + Math.ceil(asked / 50)
    return Math.min(Math.max(size, larger), MAX_SIZE)
  }
}
