import { readMigrationFiles } from 'drizzle-orm/migrator'
import postgres from 'postgres'
import { expect, it } from 'vitest'
import { jobRegistry } from '../src/contract/jobRegistry.ts'
import { runCommand, startProcess } from './helpers/process.ts'
import { unreachable } from './helpers/service.ts'
import { createSharedDatabase } from './helpers/sharedPostgres.ts'

/**
 * Creates a database as another version would have left it. `journal` creates its table of migrations, if it
 * has one.
 */
async function databaseOf(journal: string): Promise<string> {
  const url = await createSharedDatabase()
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql.unsafe(`
    create table jobs (block_number bigint not null, log_index integer not null, job_id numeric(78, 0) not null);
    create table malformed_logs (block_number bigint, log_index integer, reason text, log text);
    create table cursor (id smallint primary key, revision bigint not null, last_id bigint not null);
    insert into jobs values (10, 0, 42);
    insert into cursor values (1, 1, 1780000000000000);
    ${journal}`)
  await sql.end()
  return url
}

/** Expects that start refuses a database and leaves it unchanged. Resolves with its output. */
async function refused(url: string): Promise<string> {
  const { code, text } = await runCommand(['start', '--only', 'api'], { DATABASE_URL: url })
  expect(code).toBe(1)
  expect(text).not.toMatch(/\n {4}at /)
  const sql = postgres(url, { max: 1 })
  expect(await sql`select job_id::int from jobs`).toEqual([{ job_id: 42 }])
  await sql.end()
  return text
}

it('a database from before the first release is refused and left unchanged; `jobcast reset` makes it usable', async () => {
  const url = await databaseOf('create schema drizzle')
  const text = await refused(url)
  expect(text).toContain('from before the first release')
  expect(text).toContain('jobcast reset')
  expect((await runCommand(['reset', '--yes'], { DATABASE_URL: url })).code).toBe(0)
  const anew = await startProcess({ args: ['start', '--only', 'api'], env: { DATABASE_URL: url } })
  try {
    await anew.untilAnswers('/health')
    const { data, lastEventId } = await (await fetch(`${anew.url}/api/v1/jobs`)).json()
    expect(data).toEqual([])
    // Ids stay greater than those before the reset.
    expect(Number(lastEventId)).toBeGreaterThan(1_780_000_000_000_000)
  } finally {
    await anew.stop()
  }
})

it('a database of a newer version is refused with advice and left unchanged', async () => {
  const text = await refused(
    await databaseOf(`
      create table jobcast_migrations (id serial primary key, hash text not null, created_at bigint);
      insert into jobcast_migrations (hash, created_at) values ('of the future', 4102444800000)`),
  )
  expect(text).toContain('made by a newer Jobcast (migration of 2100-01-01')
  expect(text).toContain('Run the newer version')
})

it('the database of an earlier version is migrated and keeps its jobs', async () => {
  // It does not name the field whose amounts are added up.
  const formerFingerprint = jobRegistry.fingerprint.split(' ')[0] ?? ''
  const url = await createSharedDatabase()
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    const [first] = readMigrationFiles({ migrationsFolder: 'drizzle' })
    for (const statement of first?.sql ?? []) await sql.unsafe(statement)
    await sql`create table jobcast_migrations (id serial primary key, hash text not null, created_at bigint)`
    await sql`insert into jobcast_migrations (hash, created_at) values (${first?.hash ?? ''}, ${first?.folderMillis ?? 0})`
    await sql`insert into jobs values (10, 0, '42', '{"jobId":"42"}', array[]::text[])`
    await sql`update cursor set definition = 'job-registry', fingerprint = ${formerFingerprint}`
    expect((await runCommand(['migrate'], { DATABASE_URL: url })).code).toBe(0)
    expect(await sql`select job_id from jobs`).toEqual([{ job_id: '42' }])
    expect(await sql`select fingerprint from cursor`).toEqual([{ fingerprint: jobRegistry.fingerprint }])
    expect(await sql`select created_at::text from jobcast_migrations`).toHaveLength(
      readMigrationFiles({ migrationsFolder: 'drizzle' }).length,
    )
  } finally {
    await sql.end()
  }
})

it('a database of another contract definition is refused with advice by start and migrate', async () => {
  const url = await createSharedDatabase()
  expect((await runCommand(['migrate'], { DATABASE_URL: url })).code).toBe(0)
  const env = { ...unreachable, DATABASE_URL: url, CONTRACT: 'erc8183' }
  for (const args of [['start'], ['start', '--only', 'api'], ['migrate']]) {
    const { code, text } = await runCommand(args, env)
    expect(code).toBe(1)
    expect(text).toContain(
      'belongs to the contract definition "job-registry". CONTRACT is a different one ("erc8183"',
    )
    expect(text).toContain('jobcast reset')
  }
})
