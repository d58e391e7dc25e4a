import type { Hex, RpcBlock } from 'viem'
import { CannotIndexError, type Identity } from './source.ts'
import type { Call } from './transport.ts'

/** The calls that tell one chain from another. */
export const identityCalls: Call[] = [
  { method: 'eth_chainId', params: [] },
  { method: 'eth_getBlockByNumber', params: ['0x0', false] },
]

/** The results of {@link identityCalls}. @throws Error if the node has no genesis block */
export function toIdentity([chainId, genesis]: unknown[]): Identity {
  const hash = (genesis as RpcBlock | null)?.hash
  if (!hash) throw new Error('the RPC has no genesis block to tell its chain by')
  return { chainId: Number(chainId as Hex), genesisHash: hash }
}

/**
 * @param endpoint its place in RPC_URL, in words: the message is public, by /ready, and names no host
 * @param host for the operator's log
 * @throws CannotIndexError if an endpoint is on another chain
 */
export function assertIdentity(
  { name, host }: { name: string; host: string },
  found: Identity,
  expected: Identity,
): void {
  if (found.chainId === expected.chainId && found.genesisHash === expected.genesisHash) return
  const other =
    found.chainId === expected.chainId
      ? `another chain of the same id ${found.chainId} (genesis ${found.genesisHash}, expected ${expected.genesisHash}): a devnet that was restarted?`
      : `chain ${found.chainId}, expected ${expected.chainId}`
  throw new CannotIndexError(
    `${name} is on ${other}. Nothing was written. Point RPC_URL at the right chain, or forget the indexed one with \`jobcast reset\`.`,
    { endpoint: host },
  )
}
