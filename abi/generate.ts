/** Compiles the contracts of the devnet, and writes their ABIs and bytecode as TypeScript: `npm run abi`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** The contracts. Each is compiled from `<name>.sol` to `<module>.ts`, in the folder of this file. */
export const contracts = [
  { name: 'JobRegistry', module: 'jobRegistry' },
  { name: 'AgenticCommerce', module: 'agenticCommerce' },
]

/**
 * Compiles a contract. Returns the text of its TypeScript module.
 * @throws Error with solc's own message if the source does not compile
 */
export function generateAbi({ name, module }: (typeof contracts)[number]): string {
  // solc is CommonJS and has no types.
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { [`${name}.sol`]: { content: readFileSync(fileOf(`${name}.sol`), 'utf8') } },
        settings: {
          // The default target changes with the compiler's version. Every chain runs paris.
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
  const { abi, evm } = output.contracts[`${name}.sol`][name]
  return [
    `// Generated from ${name}.sol by \`npm run abi\`; do not edit.`,
    `export const ${module}Abi = ${JSON.stringify(abi, null, 2)} as const`,
    '',
    `export const ${module}Bytecode =\n  '0x${evm.bytecode.object}' as const`,
    '',
  ].join('\n')
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

if (process.argv[1] === fileOf('generate.ts'))
  for (const contract of contracts) writeFileSync(fileOf(`${contract.module}.ts`), generateAbi(contract))
