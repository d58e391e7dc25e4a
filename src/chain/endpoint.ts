import type { RpcBlock } from 'viem'
import { hostOf } from './errors.ts'
import { createHttpTransport } from './http.ts'
import { assertIdentity, identityCalls, toIdentity } from './identity.ts'
import { createSocketTransport } from './socket.ts'
import type { Identity } from './source.ts'
import type { Call, Reply, SendOptions } from './transport.ts'

/** Called after each call to an endpoint, for the metrics. */
export type OnRequest = (method: string, seconds: number, error?: unknown) => void

/** One JSON-RPC URL. It is asked which chain it is on before its first answer is used. */
export interface Endpoint {
  /**
   * Results of calls that one node answers together.
   * @throws RpcError if one of them has no result
   * @throws CannotIndexError if the endpoint is on another chain
   */
  ask(calls: Call[], options: SendOptions): Promise<unknown[]>
  /** As {@link ask}, of an endpoint that may be on any chain. */
  askUnchecked(calls: Call[], options: SendOptions): Promise<unknown[]>
  /** The chain it says it is on, whichever that is. */
  identify(timeoutMs: number): Promise<Identity>
  /** Sets the chain it must be on. It has to say so before it is used. */
  expect(identity: Identity): void
  /** Takes what it said. @throws CannotIndexError if that is another chain than expected */
  trust(found: Identity): void
  /** Has it say again which chain it is on before it is used: after an outage it may be another node. */
  distrust(): void
  /** false until it said that it is on the expected chain */
  isTrusted(): boolean
  /** Announcements of new heads, if the endpoint makes any; the returned function ends them. */
  watch(onBlock: (block: RpcBlock) => void): () => void
  close(): void
}

/** @param name its place in RPC_URL, in words */
export function createEndpoint(url: string, name: string, onRequest: OnRequest): Endpoint {
  const socket = url.startsWith('ws') ? createSocketTransport(url) : undefined
  const transport = socket ?? createHttpTransport(url)
  const host = hostOf(url)
  let expected: Identity | null = null
  let checking: Promise<void> | null = null
  let trusted = false

  async function askUnchecked(calls: Call[], options: SendOptions): Promise<unknown[]> {
    const start = performance.now()
    const report = (call: Call, error?: unknown) =>
      onRequest(call.method, (performance.now() - start) / 1_000, error)
    let replies: Reply[]
    try {
      replies = await transport.send(calls, options)
    } catch (error) {
      for (const call of calls) report(call, error)
      throw error
    }
    for (const [i, call] of calls.entries()) {
      const reply = replies[i] as Reply
      report(call, 'error' in reply ? reply.error : undefined)
    }
    return replies.map((reply) => {
      if ('error' in reply) throw reply.error
      return reply.result
    })
  }

  async function identify(timeoutMs: number): Promise<Identity> {
    return toIdentity(await askUnchecked(identityCalls, { timeoutMs }))
  }

  function trust(found: Identity): void {
    if (expected) assertIdentity({ name, host }, found, expected)
    trusted = true
  }

  return {
    askUnchecked,
    identify,
    trust,
    async ask(calls, options) {
      if (!trusted && expected) {
        // Requests of one moment wait for one answer.
        checking ??= identify(options.timeoutMs)
          .then(trust)
          .finally(() => {
            checking = null
          })
        await checking
      }
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
    close: () => transport.close(),
  }
}
