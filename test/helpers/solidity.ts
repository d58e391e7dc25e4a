import { createRequire } from 'node:module'
import type { Abi, Hex } from 'viem'

/**
 * Compiles one contract of a Solidity source.
 * @throws Error with solc's own message if the source does not compile
 */
export function compile(source: string, name: string): { abi: Abi; bytecode: Hex } {
  // solc publishes no types and is CommonJS.
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }
  const { errors = [], contracts } = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { 'test.sol': { content: `pragma solidity ^0.8.24;\n${source}` } },
        settings: {
          evmVersion: 'paris',
          outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
        },
      }),
    ),
  )
  const [error] = errors.filter(({ severity }: { severity: string }) => severity === 'error')
  if (error) throw new Error(error.formattedMessage)
  const { abi, evm } = contracts['test.sol'][name]
  return { abi, bytecode: `0x${evm.bytecode.object}` }
}
