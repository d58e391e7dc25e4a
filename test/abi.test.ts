import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { contracts, generateAbi } from '../abi/generate.ts'

test.each(contracts)('the committed module $module is the output of `npm run abi` for $name', (contract) => {
  const committed = readFileSync(new URL(`../abi/${contract.module}.ts`, import.meta.url), 'utf8')
  expect(committed, 'stale: run `npm run abi`').toBe(generateAbi(contract))
})
