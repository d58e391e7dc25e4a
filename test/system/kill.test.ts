import { expect, it } from 'vitest'
import { runKillRounds } from './killRounds.ts'

it('two processes that are killed at random moments under load and reorgs lose no event and send none twice', async () => {
  const report = await runKillRounds({ rounds: 3, seed: 20_260_101 })
  // Otherwise the rounds prove little.
  expect(report.removed).toBeGreaterThan(0)
  expect(report.updated).toBeGreaterThan(10)
  expect(report.jobs).toBeGreaterThan(10)
}, 120_000)
