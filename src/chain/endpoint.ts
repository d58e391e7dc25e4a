import { messageOf } from '../messages.ts'
import { type Call, chainIdCall, headerCall, type Results } from './calls.ts'
import { isOutage, RpcError } from './errors.ts'
import { createHttpTransport } from './http.ts'
import { createSocketTransport } from './socket.ts'
import { CannotIndexError, type Identity, IncompleteAnswerError } from './source.ts'
import type { Reply, SendOptions } from './transport.ts'

/** Called after each call to an endpoint, for the metrics. `error` is undefined if the call has a result. */
export type OnRequest = (method: string, seconds: number, error?: unknown) => void

export type Endpoint = ReturnType<typeof createEndpoint>

/**
 * Creates the endpoint of one JSON-RPC URL. An `ask` first checks which chain the endpoint is on, if
 * that is not known yet or if there was an outage since.
 * @param name its place in RPC_URL, in words. It names no host, because /ready shows it to anyone
 */
export function createEndpoint(url: string, name: string, onRequest: OnRequest) {
  const origin = new URL(url).origin
  const socket = url.startsWith('ws') ? createSocketTransport(url) : undefined
  const transport = socket ?? createHttpTransport(url)
  let expected: Identity | null = null
  let trusted = false
  let checking: Promise<void> | null = null

  /**
   * Like `ask`, without the check of the chain.
   * @throws RpcError if a call has no result, IncompleteAnswerError if its result cannot be read
   */
  async function askUnchecked<const Calls extends readonly Call[]>(calls: Calls, options: SendOptions) {
    const start = performance.now()
    const replies = await transport.send(calls, options).catch((error) => calls.map((): Reply => ({ error })))
    const seconds = (performance.now() - start) / 1_000
    for (const [i, { method }] of calls.entries()) onRequest(method, seconds, replies[i]?.error)
    return replies.map(({ error, result }, i) => {
      if (error) throw error
      return calls[i] && resultOf(calls[i], result)
    }) as Results<Calls>
  }

  /**
   * Reads which chain the endpoint is on.
   * @throws RpcError `no-answer` if the node does not say it: the endpoint is set aside, and the next one is asked
   */
  async function readIdentity(timeoutMs: number): Promise<Identity> {
    try {
      const [chainId, genesis] = await askUnchecked([chainIdCall, headerCall(0)], { timeoutMs })
      if (!genesis) throw new IncompleteAnswerError('it has no block 0')
      return { chainId, genesisHash: genesis.hash }
    } catch (error) {
      if (isOutage(error)) throw error
      throw new RpcError(
        origin,
        'no-answer',
        `${name} does not say which chain it is on: ${messageOf(error)}; set RPC_URL to a node that has all blocks from 0 on`,
      )
    }
  }

  /**
   * Trusts the endpoint if it is on the expected chain.
   * @throws CannotIndexError if `found` is another chain
   */
  function trust(found: Identity): void {
    if (expected) assertIdentity({ name, origin }, found, expected)
    trusted = true
  }

  return {
    /**
     * Returns the results of calls, which one node answers together. Concurrent requests share one check of
     * the chain.
     * @throws RpcError if a call has no result, IncompleteAnswerError if its result cannot be read,
     * CannotIndexError if the chain is not the expected one
     */
    async ask<const Calls extends readonly Call[]>(calls: Calls, options: SendOptions) {
      if (expected && !trusted) {
        checking ??= readIdentity(options.timeoutMs)
          .then(trust)
          .finally(() => {
            checking = null
          })
        await checking
      }
      return askUnchecked(calls, options)
    },
    askUnchecked,
    readIdentity,
    trust,
    /** Sets the chain that the endpoint must be on. The next `ask` checks it. */
    expect(identity: Identity): void {
      expected = identity
      trusted = false
    },
    /** Makes the next `ask` check the chain again: after an outage, another node may answer. */
    distrust(): void {
      trusted = false
    },
    /** false until the endpoint has said that it is on the expected chain */
    isTrusted: () => trusted,
    /**
     * Calls `onBlock` with each head that the endpoint announces; over HTTP it announces none. The returned
     * function unsubscribes.
     */
    watch: (onBlock: (block: unknown) => void) => socket?.watch(onBlock) ?? (() => {}),
    close: transport.close,
  }
}

/** Reads the result of a call. @throws IncompleteAnswerError if it is not of the expected form */
function resultOf({ method, read }: Call, result: unknown): unknown {
  try {
    return read(result)
  } catch (error) {
    if (error instanceof IncompleteAnswerError) throw error
    throw new IncompleteAnswerError(`the answer to ${method} cannot be read: ${messageOf(error)}`)
  }
}

/** @param endpoint its place in RPC_URL, and its scheme and host for the operator's log */
function assertIdentity(
  { name, origin }: { name: string; origin: string },
  found: Identity,
  expected: Identity,
): void {
  if (found.chainId === expected.chainId && found.genesisHash === expected.genesisHash) return
  const other =
    found.chainId === expected.chainId
      ? `another chain of the same id ${found.chainId} (genesis ${found.genesisHash}, expected ${expected.genesisHash}); perhaps a devnet that was restarted`
      : `chain ${found.chainId}, expected ${expected.chainId}`
  throw new CannotIndexError(
    `${name} is on ${other}. Nothing was written. Point RPC_URL at the right chain, or delete the index with \`jobcast reset\`.`,
    { endpoint: origin },
  )
}
