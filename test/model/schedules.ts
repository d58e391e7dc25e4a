import fc from 'fast-check'
import { ACTIONS, type ActionType, type Schedule } from './run.ts'

const action = fc.record({
  type: fc.oneof(
    ...Object.entries(ACTIONS).map(([type, weight]) => ({
      weight,
      arbitrary: fc.constant(type as ActionType),
    })),
  ),
  n: fc.nat(),
})

/** Any schedule; shorter ones with fewer oddities are the simpler ones, which is what a failure is shrunk to. */
export const schedules: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(),
  history: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 12 }) },
    fc.integer({ min: 13, max: 220 }),
  ),
  contractBlock: fc.nat(3),
  finalized: fc.nat(100),
  startBlock: fc.boolean(),
  confirmations: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(3)),
  finalizedTag: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
  maxRange: fc.oneof({ weight: 3, arbitrary: fc.constant(10_000) }, fc.integer({ min: 1, max: 20 })),
  removedLogs: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  actions: fc.array(action, { minLength: 1, maxLength: 24, size: 'max' }),
})
