import type { DevContract } from '../devnet/contracts.ts'
import { UsageError } from './errors.ts'

/** The option of the commands that deploy a contract. */
export const contractOption = ['--contract <name>', 'job-registry (the default) or erc8183'] as const

/** Reads the value of {@link contractOption}. @throws UsageError */
export async function readDevContract(name = 'job-registry'): Promise<DevContract> {
  const { devContracts } = await import('../devnet/contracts.ts')
  const found = devContracts.find((contract) => contract === name)
  if (!found) throw new UsageError(`--contract takes ${devContracts.join(' or ')}, not "${name}"`)
  return found
}
