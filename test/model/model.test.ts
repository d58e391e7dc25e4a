import fc from 'fast-check'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { runSchedule } from './run.ts'
import { schedules } from './schedules.ts'

/** The same schedules each time, so that a red test is the change's doing; `npm run soak` looks for new ones. */
const SEED = 20_260_101

let server: TestPostgres
let db: Database

beforeAll(async () => {
  server = await startPostgres()
  db = await openPostgres(await server.createDatabase(), { connections: 3 })
})
afterAll(async () => {
  await db?.close()
  await server?.stop()
})

describe('the model', () => {
  it('holds every promise of the index over 2,000 schedules of reorgs, faults, crashes, races and subscribers', async () => {
    await fc.assert(
      fc.asyncProperty(schedules, (schedule) => runSchedule(db, schedule)),
      { numRuns: 2_000, seed: SEED },
    )
  }, 300_000)
})
