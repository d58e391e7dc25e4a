import { CannotIndexError, type Identity } from './source.ts'

/**
 * @param endpoint.name its place in RPC_URL, in words: /ready shows the message to anyone, so it names no host
 * @param endpoint.host for the operator's log
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
