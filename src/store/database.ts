import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { Sql } from 'postgres'

/**
 * A group of connections. `requests` runs the queries of the history and of single jobs, so that everything
 * else (`core`) never waits for them.
 */
export type Lane = 'core' | 'requests'

interface QueryOptions {
  /**
   * true: the statement is prepared, and after some runs Postgres may use one plan for all values; false: it
   * is planned for its values each time
   */
  prepare: boolean
  /** rows as arrays of their columns instead of objects */
  arrays: boolean
  lane: Lane
  /** milliseconds after which the statement is rejected as lost; 15,000 by default */
  timeoutMs?: number | undefined
}

/** Access to PGlite or Postgres. All queries run on both. */
export interface Driver {
  /**
   * Runs one statement. Outside a transaction, the statement is a transaction of its own. The driver decides
   * whether int8 and numeric columns are numbers or strings.
   */
  query(text: string, params: unknown[], options: QueryOptions): Promise<unknown[]>
  /**
   * Calls `onMessage` for each notification on the schema's channel, and `onReady` whenever listening begins
   * or begins again. Notifications before `onReady` may be lost, so the caller must read the store in
   * `onReady`.
   */
  listen(onMessage: (payload: string) => void, onReady: () => void): Promise<void>
  close(): Promise<void>
}

/** A driver that has just been opened. */
export interface OpenedDriver extends Driver {
  /** whether opening it created the tables, or migrated them to this version */
  migrated: boolean
}

/** A database with its query builder. */
export interface Database extends Pick<Driver, 'listen' | 'close'> {
  /**
   * Query builder for reads and simple writes. A query with a name stays prepared; any other is planned for
   * its values.
   */
  orm: PostgresJsDatabase
  /**
   * Runs a statement. It stays prepared unless `prepare` is false, so its text must be constant or one of
   * a few.
   */
  run(
    text: string,
    params: unknown[],
    options?: Partial<Pick<QueryOptions, 'prepare' | 'timeoutMs'>>,
  ): Promise<unknown[]>
}

/** Returns the parameters of a statement, and a function that adds one and returns its placeholder. */
export function createParams() {
  const params: unknown[] = []
  return { params, param: (value: unknown) => `$${params.push(value)}` }
}
export type Param = ReturnType<typeof createParams>['param']

/** Adds the query builder to a driver. All queries use one lane. */
export function createDatabase(driver: Driver, lane: Lane = 'core'): Database {
  return {
    orm: drizzle({ client: postgresClient(driver, lane) }),
    run: (text, params, options) =>
      driver.query(text, params, { prepare: true, arrays: false, lane, ...options }),
    listen: driver.listen,
    close: driver.close,
  }
}

/** Adds the query builder to one connection or transaction. It does not listen. */
export function databaseOnQuery(query: Driver['query']): Database {
  return createDatabase({ query, listen: async () => {}, close: async () => {} })
}

/**
 * Adapts a driver to the part of postgres.js that drizzle uses: `unsafe()` returns a query that runs when it
 * is awaited.
 */
function postgresClient(driver: Driver, lane: Lane): Sql {
  const unsafe = (text: string, params: unknown[] = [], { prepare = false } = {}) => ({
    values: () => driver.query(text, params, { prepare, arrays: true, lane }),
    // biome-ignore lint/suspicious/noThenProperty: drizzle awaits the query itself, as postgres.js allows
    then: (...then: Parameters<Promise<unknown>['then']>) =>
      driver.query(text, params, { prepare, arrays: false, lane }).then(...then),
  })
  return { unsafe, options: { parsers: {}, serializers: {} } } as unknown as Sql
}

/** Memoizes a function that prepares a query, so that each database prepares it once, at its first use. */
export function prepared<Query>(prepare: (db: Database) => Query): (db: Database) => Query {
  const known = new WeakMap<Database, Query>()
  return (db) => {
    const query = known.get(db) ?? prepare(db)
    known.set(db, query)
    return query
  }
}
