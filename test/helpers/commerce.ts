import type { Address } from 'viem'
import { agenticCommerceAbi as abi } from '../../abi/agenticCommerce.ts'
import type { DevClient } from '../../src/devnet/client.ts'

/** The statuses of ERC-8183, in the order of the contract's enum. */
export const commerceStatuses = ['OPEN', 'FUNDED', 'SUBMITTED', 'COMPLETED', 'REJECTED', 'EXPIRED'] as const

/** Reads a job from the contract. All values of an unknown job are zero. */
export function getCommerceJob(client: DevClient, address: Address, jobId: bigint) {
  return client.readContract({ abi, address, functionName: 'getJob', args: [jobId] })
}
