import fc from 'fast-check'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { runSchedule } from './run.ts'
import { schedules } from './schedules.ts'
import { openStores } from './stores.ts'

/** The same schedules each time, so that a red test is the change's doing; `npm run soak` looks for new ones. */
const SEED = 20_260_101
/** Played at the same time, each on databases of its own: one waits for Postgres while another computes. */
const LANES = 4
/** A minute on two busy cores. */
const SCHEDULES = 1_500

let server: TestPostgres

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(async () => {
  await server?.stop()
})

describe('the model', () => {
  it('holds every promise of the index over 1,500 schedules of reorgs, faults, crashes, races and subscribers', async () => {
    const play = async (lane: number) => {
      const stores = await openStores(server)
      await fc.assert(
        fc.asyncProperty(schedules, (schedule) => runSchedule(stores, schedule)),
        { numRuns: SCHEDULES / LANES, seed: SEED + lane },
      )
      await stores.close()
    }
    await Promise.all(Array.from({ length: LANES }, (_, lane) => play(lane)))
  }, 300_000)
})
