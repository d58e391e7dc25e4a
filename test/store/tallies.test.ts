import { sql } from 'drizzle-orm'
import { expect, it, onTestFinished } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { createDatabase } from '../../src/store/database.ts'
import { openPglite } from '../../src/store/pglite.ts'
import { readTallies } from '../../src/store/tallies.ts'
import { createTestDataDir } from '../helpers/dataDir.ts'

it('a series with too many rows is in order and has the newest hours', async () => {
  const db = createDatabase(await openPglite(await createTestDataDir(), jobRegistry))
  onTestFinished(() => db.close())
  const newest = Math.floor(Date.now() / 3_600_000) * 3_600
  await db.orm.execute(sql`
    insert into hours (hour, choice, jobs, amount)
    select ${newest}::int8 - ago * 3600, 'UNKNOWN_' || n, 1, 1
    from generate_series(0, 100) ago, generate_series(100, 199) n`)

  const { hours } = await readTallies(db)
  expect(hours).toHaveLength(10_000)
  expect(hours.at(-1)).toMatchObject({ hour: String(newest), choice: 'UNKNOWN_199' })
  const keys = hours.map(({ hour, choice }) => `${hour} ${choice}`)
  expect(keys).toEqual([...keys].sort())
})
