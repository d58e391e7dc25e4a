import fc from 'fast-check'
import { ACTIONS, type ActionType } from './actions.ts'
import type { DefinitionName } from './stores.ts'

/** One action of a schedule, and the seed of its details. */
interface Action {
  type: ActionType
  n: number
}

export interface Schedule {
  seed: number
  definition: DefinitionName
  /** blocks before the index begins; `contractBlock` is the one in which the contract was created */
  history: number
  contractBlock: number
  /** percentage of `history` that is finalized when the index begins */
  finalizedPercent: number
  startBlock: boolean
  confirmations: number
  finalizedTag: boolean
  /** most blocks of a range that the provider accepts */
  maxRange: number
  removedLogs: boolean
  actions: Action[]
}

const action = fc.record({
  type: fc.oneof(
    ...Object.entries(ACTIONS).map(([type, weight]) => ({
      weight,
      arbitrary: fc.constant(type as ActionType),
    })),
  ),
  n: fc.nat(),
})

/** Any schedule. A failure is shrunk to a shorter schedule with fewer faults. */
export const schedules: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(),
  definition: fc.oneof(
    { weight: 3, arbitrary: fc.constant<DefinitionName>('jobRegistry') },
    fc.constant<DefinitionName>('erc8183'),
  ),
  history: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 12 }) },
    fc.integer({ min: 13, max: 220 }),
  ),
  contractBlock: fc.nat(3),
  finalizedPercent: fc.nat(100),
  startBlock: fc.boolean(),
  confirmations: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(3)),
  finalizedTag: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
  maxRange: fc.oneof({ weight: 3, arbitrary: fc.constant(10_000) }, fc.integer({ min: 1, max: 20 })),
  removedLogs: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  actions: fc.array(action, { minLength: 1, maxLength: 24, size: 'max' }),
})
