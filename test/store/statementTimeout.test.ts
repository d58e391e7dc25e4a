import postgres from 'postgres'
import { expect, it, onTestFinished } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { createDatabase } from '../../src/store/database.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'

it('a statement_timeout of the database cancels no statement of the indexer', async () => {
  const url = await createSharedDatabase()
  const sql = postgres(url, { max: 1 })
  await sql`alter database ${sql(new URL(url).pathname.slice(1))} set statement_timeout = 200`
  await sql.end()

  const driver = await openPostgres(url, jobRegistry)
  onTestFinished(() => driver.close())
  const rows = await createDatabase(driver).run('select 1 as one from pg_sleep(0.5)', [])
  expect(rows).toEqual([{ one: 1 }])
})
