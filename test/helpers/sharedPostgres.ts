import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { inject, onTestFinished } from 'vitest'
import { createDatabaseOn } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** the `postgres` database of the server that test/setup.ts starts */
    sharedPostgresUrl: string
  }
}

/**
 * Creates an empty database on the Postgres server that all test files share, and resolves with its URL. A
 * test that stops the server or changes its settings starts one of its own with startPostgres().
 */
export function createSharedDatabase(): Promise<string> {
  return createDatabaseOn(inject('sharedPostgresUrl'))
}

/**
 * Creates a user that may only read the tables that a database has now, and resolves with its URL. Users
 * belong to the whole server, so it is dropped when the test ends.
 */
export async function createReader(databaseUrl: string): Promise<string> {
  const name = `reader_${randomUUID()}`
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  onTestFinished(() => sql.end())
  await sql`create role ${sql(name)} login`
  onTestFinished(async () => {
    await sql`drop owned by ${sql(name)}`
    await sql`drop role ${sql(name)}`
  })
  await sql`grant select on all tables in schema public to ${sql(name)}`
  const url = new URL(databaseUrl)
  url.username = name
  return url.href
}
