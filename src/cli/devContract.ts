import type { DevContract } from '../devnet/contracts.ts'
import { wrongArgument } from './command.ts'

/** The option of the commands that deploy a contract. */
export const contractOption = ['--contract <name>', 'job-registry (the default) or erc8183'] as const

/** Reads the value of {@link contractOption} of a command. @throws UsageError */
export async function readDevContract(command: string, name = 'job-registry'): Promise<DevContract> {
  const { devContracts } = await import('../devnet/contracts.ts')
  const found = devContracts.find((contract) => contract === name)
  if (!found) throw wrongArgument(command, `--contract takes ${devContracts.join(' or ')}, not "${name}"`)
  return found
}
