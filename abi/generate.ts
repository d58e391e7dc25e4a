/** Compiles JobRegistry.sol and prints abi/jobRegistry.ts: `npm run abi`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('JobRegistry.sol', import.meta.url))
const target = fileURLToPath(new URL('jobRegistry.ts', import.meta.url))

/**
 * The text of abi/jobRegistry.ts for the Solidity source beside this file.
 * @throws Error with solc's own message where the source does not compile.
 */
export function generateAbi(): string {
  // solc publishes no types and is CommonJS.
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { 'JobRegistry.sol': { content: readFileSync(source, 'utf8') } },
        settings: {
          // The default EVM target moves with the compiler; paris runs on every chain.
          evmVersion: 'paris',
          optimizer: { enabled: true, runs: 10_000 },
          metadata: { appendCBOR: false },
          outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
        },
      }),
    ),
  )
  const errors = (output.errors ?? []).filter((e: { severity: string }) => e.severity === 'error')
  if (errors.length > 0)
    throw new Error(errors.map((e: { formattedMessage: string }) => e.formattedMessage).join('\n'))
  const { abi, evm } = output.contracts['JobRegistry.sol'].JobRegistry
  return [
    '// Generated from JobRegistry.sol by `npm run abi`; do not edit.',
    `export const jobRegistryAbi = ${JSON.stringify(abi, null, 2)} as const`,
    '',
    `export const jobRegistryBytecode =\n  '0x${evm.bytecode.object}' as const`,
    '',
  ].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, generateAbi())
