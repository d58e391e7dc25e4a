import type { RpcBlock } from 'viem'
import type { Endpoint } from './endpoint.ts'
import { headerCall, toHeader } from './header.ts'
import type { Pool } from './pool.ts'
import type { Header } from './source.ts'

/** The time for which an announced head answers the question for the head. */
const ANNOUNCED_MS = 500
/** A head that stands for so long is compared with what the other endpoints say: two blocks of a chain with 12 s blocks. */
const STALL_MS = 30_000

export interface HeadReader {
  head(): Promise<Header>
  /** Subscribes to new heads at every endpoint that announces them. The returned function ends it. */
  watch(onHead: () => void): () => void
}

/**
 * Reads the chain's head. A head that all endpoints agree on is the head, however old it is: a devnet may make no blocks. An
 * endpoint whose head stands still while another's moves is set aside until it moves again.
 */
export function createHeadReader(endpoints: Endpoint[], pool: Pool, now: () => number): HeadReader {
  let announced: { header: Header; endpoint: Endpoint; at: number } | undefined
  let highest = -1
  /** when the head last grew, or was last compared */
  let checkedAt = now()

  async function latest(): Promise<Header> {
    const [block] = await pool.ask([headerCall('latest')])
    const header = toHeader(block)
    if (!header) throw new Error('the RPC has no latest block')
    return header
  }

  /** @returns whether endpoints were set aside */
  async function compareHeads(): Promise<boolean> {
    checkedAt = now()
    const call = { method: 'eth_blockNumber', params: [] }
    const answers = await pool.askEach((endpoint, timeoutMs) => endpoint.ask([call], { timeoutMs }))
    const heads = answers.map(({ endpoint, result }) => ({ endpoint, head: Number(result[0]) }))
    const stuck = heads.filter(({ head }) => head <= highest)
    if (stuck.length === 0 || stuck.length === heads.length) return false
    for (const { endpoint, head } of stuck) pool.setStuck(endpoint, head)
    return true
  }

  function grew({ number }: Header): void {
    if (number <= highest) return
    highest = number
    checkedAt = now()
  }

  return {
    async head() {
      // Asking for what was announced just now would delay a job by a round trip.
      const fresh = announced && now() - announced.at < ANNOUNCED_MS ? announced.header : undefined
      announced = undefined
      const header = fresh ?? (await latest())
      grew(header)
      if (endpoints.length === 1 || now() - checkedAt < STALL_MS || !(await compareHeads())) return header
      const moved = await latest()
      grew(moved)
      return moved
    },
    watch(onHead) {
      const stops = endpoints.map((endpoint) =>
        endpoint.watch((block) => {
          const header = announcedHeader(block)
          // Only the endpoint that would be asked may answer, and only once it said which chain it is on.
          if (header && endpoint.isTrusted() && pool.isFirst(endpoint))
            announced = { header, endpoint, at: now() }
          onHead()
        }),
      )
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}

/** null for an announcement that is not a header: it still says that there is a new head. */
function announcedHeader(block: RpcBlock): Header | null {
  try {
    return toHeader(block)
  } catch {
    return null
  }
}
