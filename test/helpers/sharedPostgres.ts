import { inject } from 'vitest'
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
