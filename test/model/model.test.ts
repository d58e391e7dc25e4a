import fc from 'fast-check'
import { describe, it } from 'vitest'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { runSchedule } from './run.ts'
import { schedules } from './schedules.ts'
import { openStores } from './stores.ts'

/** A fixed seed, so that a failure is caused by a change of the code. `npm run soak` tries new schedules. */
const SEED = 20_260_101
/**
 * Number of schedules played at the same time, each on its own databases: one computes while another waits
 * for Postgres.
 */
const LANES = 4
/** They take 20 s on two cores. `npm run soak` plays more, and CI runs it too. */
const SCHEDULES = 160

describe('the model', () => {
  it(`violates no invariant in ${SCHEDULES} schedules of reorgs, faults, crashes, races and subscribers`, async () => {
    const play = async (lane: number) => {
      const stores = await openStores(createSharedDatabase)
      try {
        await fc.assert(
          fc.asyncProperty(schedules, (schedule) => runSchedule(stores, schedule)),
          { numRuns: SCHEDULES / LANES, seed: SEED + lane },
        )
      } finally {
        await stores.close()
      }
    }
    await Promise.all(Array.from({ length: LANES }, (_, lane) => play(lane)))
  }, 300_000)
})
