import type { Address } from 'viem'
import { type DevClient, devClient } from './client.ts'
import { deployCommerce } from './commerce.ts'
import { commerceMarket } from './commerceMarket.ts'
import { type Market, runMarket } from './market.ts'
import { deployRegistry } from './registry.ts'
import { registryMarket } from './registryMarket.ts'

/** The contracts that a devnet can deploy, by the names that CONTRACT takes. */
export const devContracts = ['job-registry', 'erc8183'] as const
export type DevContract = (typeof devContracts)[number]

const deployments = {
  'job-registry': { deploy: deployRegistry, market: registryMarket },
  erc8183: { deploy: deployCommerce, market: commerceMarket },
} satisfies Record<DevContract, unknown>

/** Deploys a contract as the first dev account, and creates its market. */
export async function deployMarket(
  client: DevClient,
  contract: DevContract,
): Promise<{ address: Address; market: Market }> {
  const { deploy, market } = deployments[contract]
  const { address } = await deploy(client)
  return { address, market: market(client, address) }
}

/**
 * Deploys a contract on a chain with anvil's dev accounts, and runs its market until the signal aborts.
 * Rejects only if the contract cannot be deployed.
 */
export async function generate({
  url,
  contract = 'job-registry',
  everyMs = 3_000,
  signal,
  log,
}: {
  url: string
  contract?: DevContract
  /** Milliseconds between new jobs. */
  everyMs?: number
  signal: AbortSignal
  log(line: string): void
}): Promise<void> {
  const { address, market } = await deployMarket(devClient(url), contract)
  log(`deployed ${contract} at ${address}; a new job every ${everyMs / 1000} s until Ctrl-C`)
  await runMarket({ market, everyMs, signal, log })
}
