import { hasCodeCall, type LogFilter } from './calls.ts'
import { createEndpoint, type Endpoint, type OnRequest } from './endpoint.ts'
import { createFinalizedTag } from './finalizedTag.ts'
import { createHeadReader } from './head.ts'
import { createHeaderReader } from './headers.ts'
import { createLogReader } from './logReader.ts'
import { createPool, type Pool } from './pool.ts'
import type { Identity, Source } from './source.ts'

interface RpcHooks {
  onRequest?: OnRequest
  /** Called if the logs of a block needed an answer of unusual size, or the block's receipts. */
  onLargeBlock?: (blockNumber: number, logs: number) => void
  /** a monotonic clock in milliseconds */
  now?: () => number
}

/**
 * Creates a source that reads a chain from one or several JSON-RPC URLs, http(s) or ws(s). Each request goes
 * to the first URL that is in service (pool.ts), so a URL that recovers takes over again from those after it.
 * Results stay raw JSON, because viem's decoders would take longer than the rest of a first sync.
 */
export function createRpcSource(
  urls: string[],
  { address, topics }: Required<LogFilter>,
  { onRequest = () => {}, onLargeBlock = () => {}, now = () => performance.now() }: RpcHooks = {},
): Source {
  const endpoints = urls.map((url, i) =>
    createEndpoint(url, urls.length === 1 ? 'RPC_URL' : `URL ${i + 1} of RPC_URL`, onRequest),
  )
  const pool = createPool(endpoints, now)
  return {
    checkChain: (expected) => checkChain(endpoints, pool, expected),
    ...createHeadReader(endpoints, pool, now),
    finalized: createFinalizedTag(pool),
    ...createHeaderReader(pool),
    ...createLogReader(pool, { address, topics }, onLargeBlock),
    async hasCode(block) {
      const [found] = await pool.ask([hasCodeCall(address, block)])
      return found
    },
    pauseMs: pool.pauseMs,
    close() {
      for (const endpoint of endpoints) endpoint.close()
    },
  }
}

/**
 * Sets the chain that every endpoint must be on, and trusts those that say they are on it.
 * @param wanted null: the chain of the first endpoint in RPC_URL that answers
 * @throws CannotIndexError if one of them is on another chain
 */
async function checkChain(endpoints: Endpoint[], pool: Pool, wanted: Identity | null): Promise<Identity> {
  const answers = await pool.askEach((member) => member.readIdentity())
  const expected = wanted ?? answers[0]?.result
  if (!expected) throw new Error('no endpoint says which chain it is on')
  for (const endpoint of endpoints) endpoint.expect(expected)
  for (const { member, result } of answers) member.endpoint.trust(result)
  return expected
}
