import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrationsFolder } from '../src/store/migrations.ts'
import { startPostgres, type TestPostgres } from './helpers/postgres.ts'
import { startProcess } from './helpers/process.ts'
import { tempDir } from './helpers/tempDir.ts'

const JOURNAL = 'meta/_journal.json'
const { entries } = JSON.parse(readFileSync(join(migrationsFolder, JOURNAL), 'utf8'))

let dir: Awaited<ReturnType<typeof tempDir>>
let server: TestPostgres
beforeAll(async () => {
  ;[dir, server] = await Promise.all([tempDir(), startPostgres()])
})
afterAll(async () => {
  await server?.stop()
  await dir?.remove()
})

/** A database as the first version left it, with a job in it. */
async function oldDatabase(): Promise<string> {
  const folder = join(dir.path, 'migrations')
  cpSync(migrationsFolder, folder, { recursive: true })
  writeFileSync(
    join(folder, JOURNAL),
    JSON.stringify({ version: '7', dialect: 'postgresql', entries: entries.slice(0, 2) }),
  )
  const url = await server.createDatabase()
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await migrate(drizzle(sql), { migrationsFolder: folder })
  await sql`
    insert into jobs values (10, 0, 42, 7, 0, 1, 100000000, 1900000000, '0x01', 1790000000, ${`0x${'ab'.repeat(32)}`})`
  await sql`insert into totals values (0, 1, 1, 100000000)`
  await sql.end()
  return url
}

it('an older database is taken forward by one of the processes that start together, with what it holds', async () => {
  const url = await oldDatabase()
  const processes = await Promise.all(
    [1, 2, 3].map(() => startProcess({ args: ['start', '--only', 'api'], env: { DATABASE_URL: url } })),
  )
  try {
    for (const each of processes) {
      await each.untilReady('/health')
      const { data, pagination } = await (await fetch(`${each.url}/api/v1/jobs`)).json()
      expect(data).toMatchObject([{ jobId: '42', budget: '100.000000' }])
      expect(pagination.total).toBe(1)
      // Nothing to complain of.
      expect(each.logs.filter((line) => ['warn', 'error', 'fatal'].includes(String(line.level)))).toEqual([])
    }
  } finally {
    await Promise.all(processes.map((each) => each.stop()))
  }
  const sql = postgres(url, { max: 1 })
  const applied =
    await sql`select created_at::text as at from drizzle.__drizzle_migrations order by created_at`
  await sql.end()
  expect(applied.map(({ at }) => Number(at))).toEqual(entries.map((entry: { when: number }) => entry.when))
})

it('a database of a newer version is refused with what to do, and nothing in it is changed', async () => {
  const url = await oldDatabase()
  const sql = postgres(url, { max: 1 })
  await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('of the future', 4102444800000)`
  const child = await startProcess({ args: ['start', '--only', 'api'], env: { DATABASE_URL: url } })
  expect((await child.exit).code).toBe(1)
  const said = child.logs.map((line) => line.text ?? line.msg).join('\n')
  expect(said).toContain('made by a newer Jobcast (migration of 2100-01-01')
  expect(said).toContain('Run that version')
  expect(said).not.toMatch(/\n {4}at /)
  expect(await sql`select count(*)::int as count from drizzle.__drizzle_migrations`).toEqual([{ count: 3 }])
  await sql.end()
})
