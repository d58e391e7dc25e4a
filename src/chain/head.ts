import { blockNumberCall, headerCall, toHeader } from './calls.ts'
import type { Endpoint } from './endpoint.ts'
import type { Pool } from './pool.ts'
import type { Header } from './source.ts'

/** An announced head is used instead of a request for this long. */
const ANNOUNCED_MS = 500
/** A head that does not grow for this long is compared with the other endpoints' heads: two blocks of a chain with 12 s blocks. */
const STALL_MS = 30_000

export interface HeadReader {
  head(): Promise<Header>
  /** Subscribes to new heads at every endpoint that announces them. The returned function ends it. */
  watch(onHead: () => void): () => void
}

/**
 * Reads the chain's head. A head that all endpoints agree on is the head, however old it is: a devnet may make no blocks. An
 * endpoint whose head stands still while another's moves is set aside until it moves again.
 * @param now milliseconds that only grow
 */
export function createHeadReader(endpoints: Endpoint[], pool: Pool, now: () => number): HeadReader {
  let announced: { header: Header; at: number } | undefined
  let highest = -1
  /** when the head last grew, or was last compared */
  let checkedAt = now()

  async function latest(): Promise<Header> {
    const [header] = await pool.ask([headerCall('latest')])
    if (!header) throw new Error('the RPC has no latest block')
    return header
  }

  function noteHead({ number }: Header): void {
    if (number <= highest) return
    highest = number
    checkedAt = now()
  }

  /** Sets aside the endpoints whose head stands still. @returns whether there were any */
  async function compareHeads(): Promise<boolean> {
    checkedAt = now()
    const heads = await pool.askEach((endpoint, timeoutMs) => endpoint.ask([blockNumberCall], { timeoutMs }))
    const stuck = heads.filter(({ result: [head] }) => head <= highest)
    if (stuck.length === 0 || stuck.length === heads.length) return false
    for (const { endpoint, result } of stuck) pool.setStuck(endpoint, result[0])
    return true
  }

  function announce(endpoint: Endpoint, block: unknown): void {
    const header = announcedHeader(block)
    // Only the endpoint that would be asked may answer, and only after it has said which chain it is on.
    if (header && endpoint.isTrusted() && pool.isFirst(endpoint)) announced = { header, at: now() }
  }

  return {
    async head() {
      // A request for what was just announced would delay a job by a round trip.
      const fresh = announced && now() - announced.at < ANNOUNCED_MS ? announced.header : undefined
      announced = undefined
      const header = fresh ?? (await latest())
      noteHead(header)
      if (endpoints.length === 1 || now() - checkedAt < STALL_MS || !(await compareHeads())) return header
      const moved = await latest()
      noteHead(moved)
      return moved
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

/** Returns null for an announcement that is not a header: it still says that there is a new head. */
function announcedHeader(block: unknown): Header | null {
  try {
    return toHeader(block)
  } catch {
    return null
  }
}
