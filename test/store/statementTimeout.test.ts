import postgres from 'postgres'
import { expect, it, onTestFinished } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { createDatabase } from '../../src/store/database.ts'
import { MIGRATION_LOCK, openPostgres } from '../../src/store/postgres.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'

/** Returns the URL of a new database whose statement_timeout is 200 ms, and a connection to it without one. */
async function createImpatientDatabase() {
  const url = await createSharedDatabase()
  const sql = postgres(url, { max: 1, connection: { statement_timeout: '0' } as never })
  onTestFinished(() => sql.end())
  await sql`alter database ${sql(new URL(url).pathname.slice(1))} set statement_timeout = 200`
  return { url, sql }
}

it('a statement_timeout of the database does not cancel the migration', async () => {
  const { url, sql } = await createImpatientDatabase()
  const { opening } = await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK})`
    const opening = openPostgres(url, jobRegistry)
    const isWaiting = async () => {
      const rows = await tx`
        select 1 from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`
      return rows.length > 0
    }
    await until(isWaiting, { message: 'the migration waits for its lock' })
    await tx`select pg_sleep(0.5)`
    return { opening }
  })
  const driver = await opening
  await driver.close()
})

it('a statement_timeout of the database cancels no statement of the indexer', async () => {
  const { url } = await createImpatientDatabase()
  const driver = await openPostgres(url, jobRegistry)
  onTestFinished(() => driver.close())
  const rows = await createDatabase(driver).run('select 1 as one from pg_sleep(0.5)', [])
  expect(rows).toEqual([{ one: 1 }])
})
