import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generateAbi } from '../abi/generate.ts'

test('abi/jobRegistry.ts is what `npm run abi` makes of JobRegistry.sol', () => {
  const committed = readFileSync(new URL('../abi/jobRegistry.ts', import.meta.url), 'utf8')
  expect(committed, 'stale: run `npm run abi`').toBe(generateAbi())
})
