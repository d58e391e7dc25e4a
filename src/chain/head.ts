import { latestCall, toHeader } from './calls.ts'
import type { Endpoint } from './endpoint.ts'
import type { Pool } from './pool.ts'
import type { Header, Source } from './source.ts'
import { createStuckCheck } from './stuck.ts'

/** For this long, an announced head is used instead of a request. */
const ANNOUNCED_MS = 500

/**
 * Reads the chain's head, as {@link Source} describes it.
 * @param now a monotonic clock in milliseconds
 */
export function createHeadReader(
  endpoints: Endpoint[],
  pool: Pool,
  now: () => number,
): Pick<Source, 'head' | 'watch'> {
  const checkStuck = endpoints.length > 1 ? createStuckCheck(pool, now) : async () => false
  let announced: { header: Header; at: number } | undefined

  async function latest(): Promise<Header> {
    const [header] = await pool.ask([latestCall])
    return header
  }

  function announce(endpoint: Endpoint, block: unknown): void {
    const header = announcedHeader(block)
    // Only the endpoint that would be asked may answer, and only after it has said which chain it is on.
    if (header && endpoint.isTrusted() && pool.isFirst(endpoint)) announced = { header, at: now() }
  }

  return {
    async head(known) {
      // A request for what was just announced would delay a job by a round trip.
      const fresh = announced && now() - announced.at < ANNOUNCED_MS ? announced.header : undefined
      announced = undefined
      const header = fresh ?? (await latest())
      return (await checkStuck(header, known)) ? latest() : header
    },
    watch(onHead) {
      const ends = endpoints.map((endpoint) =>
        endpoint.watch((block) => {
          announce(endpoint, block)
          onHead()
        }),
      )
      return () => {
        for (const end of ends) end()
      }
    },
  }
}

/** Reads an announced header; null if the announcement is not one. It is still a sign of a new head. */
function announcedHeader(block: unknown): Header | null {
  try {
    return toHeader(block)
  } catch {
    return null
  }
}
