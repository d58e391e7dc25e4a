import type { Hex, RpcLog } from 'viem'
import { type LogFilter, readBlockLogs } from './blockLogs.ts'
import { createEndpoint, type OnRequest } from './endpoint.ts'
import { isRefusal, mayFitSmaller, rpcErrorText } from './errors.ts'
import { createFinality } from './finality.ts'
import { createHeadReader } from './head.ts'
import { headerCall, hex, toHeader } from './header.ts'
import { createPool } from './pool.ts'
import { type Identity, NoStateError, RangeRefusedError, type Source } from './source.ts'

export interface RpcHooks {
  onRequest?: OnRequest | undefined
  /** Called if the logs of a block had to be fetched with an answer of unusual size. */
  onLargeBlock?: ((blockNumber: number, logs: number) => void) | undefined
  /** milliseconds that only grow */
  now?: (() => number) | undefined
}

/**
 * The chain behind one or several JSON-RPC URLs, http(s) or ws(s). Each request goes to the first in order that is in service
 * (see pool.ts), so that the first is used again as soon as it recovers. Raw JSON-RPC: decoding to viem's types would cost
 * more than all the rest of a first sync.
 */
export function createRpcSource(
  urls: string[],
  { address, topics }: { address: Hex; topics: Hex[] },
  hooks: RpcHooks | OnRequest = {},
): Source {
  const {
    onRequest = () => {},
    onLargeBlock = () => {},
    now = () => performance.now(),
  } = typeof hooks === 'function' ? { onRequest: hooks } : hooks
  const filter: LogFilter = { address, topics: [topics] }
  const endpoints = urls.map((url, i) =>
    createEndpoint(url, urls.length === 1 ? 'RPC_URL' : `URL ${i + 1} of RPC_URL`, onRequest),
  )
  const pool = createPool(endpoints, now)
  const { head, watch } = createHeadReader(endpoints, pool, now)

  /** @param wanted null: the chain of the first endpoint that answers */
  async function identify(wanted: Identity | null): Promise<Identity> {
    const answers = await pool.askEach((endpoint, timeoutMs) => endpoint.identify(timeoutMs))
    const expected = wanted ?? (answers[0] as (typeof answers)[number]).result
    for (const endpoint of endpoints) endpoint.expect(expected)
    for (const { endpoint, result } of answers) endpoint.trust(result)
    return expected
  }

  async function range(from: number, to: number) {
    const ends = [headerCall(hex(from)), headerCall(hex(to))]
    const accepts = ([first, last]: unknown[]) => toHeader(first) !== null && toHeader(last) !== null
    const [first, last, logs] =
      from === to
        ? await readBlockLogs(
            (call, size) => pool.ask([...ends, call], { size, accepts }),
            { block: hex(from), filter },
            onLargeBlock,
          )
        : await pool.ask(
            [
              ...ends,
              { method: 'eth_getLogs', params: [{ ...filter, fromBlock: hex(from), toBlock: hex(to) }] },
            ],
            { size: 'logs', accepts },
          )
    return { first: toHeader(first), last: toHeader(last), logs: logs as RpcLog[] }
  }

  async function hasCode(block: number | 'latest'): Promise<boolean> {
    const tag = block === 'latest' ? block : hex(block)
    const [code] = await pool.ask([{ method: 'eth_getCode', params: [address, tag] }])
    return (code as string).length > 2
  }

  return {
    identify,
    head,
    watch,
    finalized: createFinality(pool),
    async header(number) {
      const [block] = await pool.ask([headerCall(hex(number))])
      return toHeader(block)
    },
    range: (from, to) =>
      range(from, to).catch((error) => {
        throw mayFitSmaller(error) ? new RangeRefusedError(rpcErrorText(error), { cause: error }) : error
      }),
    async logs(block) {
      const [logs] = await readBlockLogs(
        (call, size) => pool.ask([call], { size }),
        { block, filter },
        onLargeBlock,
      )
      return logs as RpcLog[]
    },
    async allLogs(block, attempt) {
      const [logs] = await readBlockLogs(
        (call, size) => pool.askOne(attempt, [call], { size }),
        { block, filter: {} },
        onLargeBlock,
      )
      return logs as RpcLog[]
    },
    hasCode: (block) =>
      hasCode(block).catch((error) => {
        throw isRefusal(error) && block !== 'latest'
          ? new NoStateError(rpcErrorText(error), { cause: error })
          : error
      }),
    async close() {
      for (const endpoint of endpoints) endpoint.close()
    },
  }
}
