import { type Call, chainIdCall, headerCall, type Results } from './calls.ts'
import { hostOf } from './errors.ts'
import { createHttpTransport } from './http.ts'
import { assertIdentity } from './identity.ts'
import { createSocketTransport } from './socket.ts'
import type { Identity } from './source.ts'
import type { Send, SendOptions } from './transport.ts'

/** Called after each call to an endpoint, for the metrics. `error` is undefined if the call has a result. */
export type OnRequest = (method: string, seconds: number, error?: unknown) => void

/** One JSON-RPC URL. Its first answer is used only after it has said which chain it is on. */
export interface Endpoint {
  /**
   * Returns the results of calls, which one node answers together.
   * @throws RpcError if one of them has no result
   * @throws CannotIndexError if the endpoint is on another chain
   */
  ask<const Calls extends readonly Call[]>(calls: Calls, options: SendOptions): Promise<Results<Calls>>
  /** Like {@link ask}, for an endpoint on any chain. */
  askUnchecked<const Calls extends readonly Call[]>(
    calls: Calls,
    options: SendOptions,
  ): Promise<Results<Calls>>
  /** Reads which chain the endpoint is on. @throws RpcError as {@link ask}, Error if the node has no genesis block */
  identify(timeoutMs: number): Promise<Identity>
  /** Sets the chain that the endpoint must be on. It is not trusted until it says so. */
  expect(identity: Identity): void
  /** Takes what the endpoint said. @throws CannotIndexError if that is another chain than expected */
  trust(found: Identity): void
  /** Makes the endpoint say which chain it is on before its next answer: after an outage it may be another node. */
  distrust(): void
  /** false until the endpoint has said that it is on the expected chain */
  isTrusted(): boolean
  /** Passes on announcements of new heads, as the endpoint makes them, if it makes any. The returned function ends this. */
  watch(onBlock: (block: unknown) => void): () => void
  close(): void
}

/** @param name its place in RPC_URL, in words */
export function createEndpoint(url: string, name: string, onRequest: OnRequest): Endpoint {
  const socket = url.startsWith('ws') ? createSocketTransport(url) : undefined
  const transport = socket ?? createHttpTransport(url)
  const send = reporting(transport.send, onRequest)
  const host = hostOf(url)
  let expected: Identity | null = null
  let checking: Promise<void> | null = null
  let trusted = false

  async function askUnchecked<const Calls extends readonly Call[]>(calls: Calls, options: SendOptions) {
    const replies = await send(calls, options)
    return replies.map(({ error, result }, i) => {
      if (error) throw error
      return calls[i]?.read(result)
    }) as Results<Calls>
  }

  async function identify(timeoutMs: number): Promise<Identity> {
    const [chainId, genesis] = await askUnchecked([chainIdCall, headerCall(0)], { timeoutMs })
    if (!genesis) throw new Error('the RPC has no genesis block to tell its chain by')
    return { chainId, genesisHash: genesis.hash }
  }

  function trust(found: Identity): void {
    if (expected) assertIdentity({ name, host }, found, expected)
    trusted = true
  }

  /** Requests of one moment share one check. */
  function check(timeoutMs: number): Promise<void> {
    checking ??= identify(timeoutMs)
      .then(trust)
      .finally(() => {
        checking = null
      })
    return checking
  }

  return {
    askUnchecked,
    identify,
    trust,
    async ask(calls, options) {
      if (!trusted && expected) await check(options.timeoutMs)
      return askUnchecked(calls, options)
    },
    expect(identity) {
      expected = identity
      trusted = false
    },
    distrust() {
      trusted = false
    },
    isTrusted: () => trusted,
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
