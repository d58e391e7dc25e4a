import postgres from 'postgres'
import { expect, it } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { DatabaseError } from '../../src/errors.ts'
import { createDatabase, type Driver } from '../../src/store/database.ts'
import { acquireLease } from '../../src/store/lease.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { resetDatabase } from '../../src/store/reset.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'

/** The tables of each schema, except those of Postgres itself. */
async function tables(url: string): Promise<Record<string, string[]>> {
  const sql = postgres(url, { max: 1 })
  const rows = await sql`
    select schemaname as schema, array_agg(tablename::text order by tablename) as names from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') group by 1`
  await sql.end()
  return Object.fromEntries(rows.map(({ schema, names }) => [schema, names]))
}

async function run(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql.unsafe(statement)
  await sql.end()
}

const inSchemas = (url: string, path: string) => `${url}?search_path=${path}`
/** Opens a database and one connection, which stays open. */
async function connect(url: string): Promise<Driver> {
  const driver = await openPostgres(url, jobRegistry)
  await driver.query('select', [], { prepare: false, arrays: false, lane: 'core' })
  return driver
}

const reset = (databaseUrl: string) => resetDatabase({ databaseUrl, dataDir: '' })

it('two Jobcasts share a database, each in its schema, and reset deletes only its own', async () => {
  const url = await createSharedDatabase()
  await run(url, 'create schema a; create schema b; create table b.other (id int); create schema drizzle')
  // The search path of b also finds the tables of a, which are not b's.
  const [a, b] = [inSchemas(url, 'a'), inSchemas(url, 'b,a')]
  const first = await connect(a)
  const second = await connect(b)
  const { b: madeInB, ...rest } = await tables(url)
  expect(rest).toEqual({ a: expect.arrayContaining(['cursor', 'jobcast_migrations', 'jobs']) })
  expect(madeInB?.filter((name) => name !== 'other')).toEqual(rest.a)

  // A process on b prevents the reset of b. A process on a does not.
  await expect(reset(b)).rejects.toThrow(
    /^Open connections of Jobcast to this database: 1\. Stop its processes first/,
  )
  await second.close()
  await reset(b)
  expect(await tables(url)).toEqual({ ...rest, b: ['other'] })
  await expect(reset(a)).rejects.toThrow('Stop its processes first')
  await first.close()
  // b has no tables left, and a is not touched.
  await reset(b)
  expect(await tables(url)).toEqual({ ...rest, b: ['other'] })
  await (await openPostgres(b, jobRegistry)).close()
})

it('two Jobcasts in one database are not notified of each other', async () => {
  const url = await createSharedDatabase()
  await run(url, 'create schema a; create schema b')
  const drivers = await Promise.all(['a', 'b'].map((schema) => connect(inSchemas(url, schema))))
  const messages = await Promise.all(
    drivers.map(async (driver) => {
      const heard: string[] = []
      await new Promise<void>((resolve) => driver.listen((message) => void heard.push(message), resolve))
      return heard
    }),
  )
  for (const driver of drivers) expect(await acquireLease(createDatabase(driver), 'me')).toBe(true)
  await until(() => messages.every((heard) => heard.length > 0), { message: 'each is notified' })
  expect(messages.map((heard) => heard.length)).toEqual([1, 1])
  await Promise.all(drivers.map((driver) => driver.close()))
})

it.each(['é', 'é'.repeat(28), 'é'.repeat(31), 'a'.repeat(63)])(
  'the schema %s, however its name is truncated, has notifications, and reset finds its processes',
  async (schema) => {
    const url = await createSharedDatabase()
    await run(url, `create schema "${schema}"`)
    const driver = await connect(inSchemas(url, encodeURIComponent(schema)))
    const heard: string[] = []
    await new Promise<void>((resolve) => driver.listen((message) => void heard.push(message), resolve))
    expect(await acquireLease(createDatabase(driver), 'me')).toBe(true)
    await until(() => heard.length > 0, { message: 'it is notified' })
    await expect(reset(inSchemas(url, encodeURIComponent(schema)))).rejects.toThrow(
      'Stop its processes first',
    )
    await driver.close()
  },
)

it("reset deletes nothing of a program that has tables of the same names, and drizzle's journal stays", async () => {
  const url = await createSharedDatabase()
  await run(
    url,
    'create table jobs (id int); create schema drizzle; create table drizzle.__drizzle_migrations (created_at bigint); insert into drizzle.__drizzle_migrations values (4102444800000)',
  )
  await reset(url)
  expect(await tables(url)).toEqual({ public: ['jobs'], drizzle: ['__drizzle_migrations'] })
  await run(url, 'drop table jobs')
  // The migrations of another program have no meaning for this one.
  await (await openPostgres(url, jobRegistry)).close()
  await reset(url)
  expect(await tables(url)).toEqual({ drizzle: ['__drizzle_migrations'] })
})

it('tables without a journal are refused with advice', async () => {
  const url = await createSharedDatabase()
  await run(url, 'create table cursor (id int)')
  await expect(openPostgres(url, jobRegistry)).rejects.toThrow(/before the first release.*jobcast reset/)
  await reset(url)
  await (await openPostgres(url, jobRegistry)).close()
})

it('a newer journal is refused', async () => {
  const url = await createSharedDatabase()
  await (await openPostgres(url, jobRegistry)).close()
  await run(url, "insert into jobcast_migrations (hash, created_at) values ('of the future', 4102444800000)")
  await expect(openPostgres(url, jobRegistry)).rejects.toThrow(/newer Jobcast \(migration of 2100-01-01/)
})

it('a URL that the driver cannot read is reported as unusable, not as a database that does not answer', async () => {
  await expect(openPostgres('postgres://u:%zz@127.0.0.1/x', jobRegistry)).rejects.toThrow(DatabaseError)
})
