import { expect, it } from 'vitest'
import { runKillRounds } from './killRounds.ts'

it('killed at random moments under load and reorgs, two processes lose nothing and double nothing', async () => {
  const report = await runKillRounds({ rounds: 3, seed: 20_260_101 })
  // Else it proves little.
  expect(report.removed).toBeGreaterThan(0)
  expect(report.updated).toBeGreaterThan(10)
  expect(report.jobs).toBeGreaterThan(10)
}, 120_000)
