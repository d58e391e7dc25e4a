import { type Call, chainIdCall, headerCall, type Results } from './calls.ts'
import { createHttpTransport } from './http.ts'
import { createSocketTransport } from './socket.ts'
import type { Identity } from './source.ts'
import type { Send, SendOptions } from './transport.ts'
import { createTrust, type Trust } from './trust.ts'

/** Called after each call to an endpoint, for the metrics. `error` is undefined if the call has a result. */
export type OnRequest = (method: string, seconds: number, error?: unknown) => void

/**
 * Returns the results of calls, which one node answers together.
 * @throws RpcError if one of them has no result
 */
type Ask = <const Calls extends readonly Call[]>(
  calls: Calls,
  options: SendOptions,
) => Promise<Results<Calls>>

/**
 * One JSON-RPC URL. The first `ask` after an expected chain was set, and the first after each outage, checks
 * which chain the endpoint is on before it sends the calls.
 */
export interface Endpoint extends Trust {
  /** @throws CannotIndexError if the endpoint is on another chain than expected */
  ask: Ask
  /** Like {@link ask}, for an endpoint on any chain. */
  askUnchecked: Ask
  /** Reads which chain the endpoint is on. @throws Error if the node has no genesis block */
  identify(timeoutMs: number): Promise<Identity>
  /**
   * Calls `onBlock` with each head that the endpoint announces; over HTTP it announces none. The returned
   * function unsubscribes.
   */
  watch(onBlock: (block: unknown) => void): () => void
  close(): void
}

/** @param name its place in RPC_URL, in words */
export function createEndpoint(url: string, name: string, onRequest: OnRequest): Endpoint {
  const socket = url.startsWith('ws') ? createSocketTransport(url) : undefined
  const transport = socket ?? createHttpTransport(url)
  const send = reporting(transport.send, onRequest)
  const { trust, check } = createTrust({ name, origin: new URL(url).origin }, identify)

  async function askUnchecked<const Calls extends readonly Call[]>(calls: Calls, options: SendOptions) {
    const replies = await send(calls, options)
    return replies.map(({ error, result }, i) => {
      if (error) throw error
      return calls[i]?.read(result)
    }) as Results<Calls>
  }

  async function identify(timeoutMs: number): Promise<Identity> {
    const [chainId, genesis] = await askUnchecked([chainIdCall, headerCall(0)], { timeoutMs })
    if (!genesis)
      throw new Error(
        `${name} gives no block 0, which identifies its chain; set RPC_URL to a node that has it`,
      )
    return { chainId, genesisHash: genesis.hash }
  }

  return {
    ...trust,
    async ask(calls, options) {
      await check(options.timeoutMs)
      return askUnchecked(calls, options)
    },
    askUnchecked,
    identify,
    watch: (onBlock) => socket?.watch(onBlock) ?? (() => {}),
    close: transport.close,
  }
}

/** Returns a `send` that reports how each call ends. */
function reporting(send: Send, onRequest: OnRequest): Send {
  return async (calls, options) => {
    const start = performance.now()
    const seconds = () => (performance.now() - start) / 1_000
    try {
      const replies = await send(calls, options)
      for (const [i, { method }] of calls.entries()) onRequest(method, seconds(), replies[i]?.error)
      return replies
    } catch (error) {
      for (const { method } of calls) onRequest(method, seconds(), error)
      throw error
    }
  }
}
