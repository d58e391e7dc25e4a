import { CannotIndexError, type Identity } from './source.ts'

/** Tracks whether an endpoint is on the expected chain. */
export interface Trust {
  /**
   * Sets the chain that the endpoint must be on. The endpoint is not trusted until it says that it is on
   * this chain.
   */
  expect(identity: Identity): void
  /**
   * Trusts the endpoint if it is on the expected chain.
   * @throws CannotIndexError if `found` is another chain
   */
  trust(found: Identity): void
  /**
   * Makes the endpoint say which chain it is on before its next answer: after an outage it may be
   * another node.
   */
  distrust(): void
  /** false until the endpoint has said that it is on the expected chain */
  isTrusted(): boolean
}

/** How messages name an endpoint. */
interface EndpointName {
  /** its place in RPC_URL, in words: /ready shows it to anyone */
  name: string
  /** scheme and host, for the operator's log */
  origin: string
}

/** @param identify asks the endpoint which chain it is on */
export function createTrust(endpoint: EndpointName, identify: (timeoutMs: number) => Promise<Identity>) {
  let expected: Identity | null = null
  let checking: Promise<void> | null = null
  let trusted = false

  const trust: Trust = {
    expect(identity) {
      expected = identity
      trusted = false
    },
    trust(found) {
      if (expected) assertIdentity(endpoint, found, expected)
      trusted = true
    },
    distrust() {
      trusted = false
    },
    isTrusted: () => trusted,
  }

  /**
   * Asks an untrusted endpoint for its chain; concurrent requests share one check.
   * @throws CannotIndexError like `trust`
   */
  async function check(timeoutMs: number): Promise<void> {
    if (trusted || !expected) return
    checking ??= identify(timeoutMs)
      .then(trust.trust)
      .finally(() => {
        checking = null
      })
    await checking
  }

  return { trust, check }
}

function assertIdentity({ name, origin }: EndpointName, found: Identity, expected: Identity): void {
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
