import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { Sql } from 'postgres'

/** Whose query it is: of a client's request, or of the indexer and the feed, which must not wait for clients. */
export type Lane = 'index' | 'requests'

export interface QueryOptions {
  /** true to keep the statement prepared; after some runs its plan is one for all values. false to plan it for these values */
  prepare: boolean
  /** rows as arrays of their columns instead of objects */
  arrays: boolean
  lane: Lane
  /** milliseconds after which the statement counts as lost; 15,000 by default */
  timeoutMs?: number | undefined
}

/**
 * The channel of notifications: one a schema, so that installations that share a database do not read each other's.
 * Postgres allows 63 bytes.
 */
export function channelOf(schema: string): string {
  return `jobcast_${schema}`.slice(0, 63)
}

/** What the store needs of a database. PGlite and Postgres both give it, and no query knows which one it runs on. */
export interface Driver {
  /** Runs one statement, which is one transaction. int8 and numeric columns may come as number or as string. */
  query(text: string, params: unknown[], options: QueryOptions): Promise<unknown[]>
  /**
   * Calls `onMessage` for each NOTIFY on the channel of its schema, and `onReady` whenever listening began or began again. What was
   * sent before that is lost, so the reader must look for itself then.
   */
  listen(onMessage: (payload: string) => void, onReady: () => void): Promise<void>
  close(): Promise<void>
}

/** A database with its query builder. */
export interface Database extends Pick<Driver, 'listen' | 'close'> {
  /** Reads and simple writes. A query that is prepared by name stays prepared; any other is planned for its values. */
  orm: PostgresJsDatabase
  /** Runs a literal statement, which stays prepared. */
  run(text: string, params: unknown[], options?: Pick<QueryOptions, 'timeoutMs'>): Promise<unknown[]>
}

/** The database cannot be used by this program: another process holds it, or another version or definition made it. */
export class DatabaseError extends Error {
  override name = 'DatabaseError'
}

/** Gives a driver its query builder, for the queries of one lane. */
export function createDatabase(driver: Driver, lane: Lane = 'index'): Database {
  return {
    orm: drizzle({ client: clientOf(driver, lane) }),
    run: (text, params, options) =>
      driver.query(text, params, { prepare: true, arrays: false, lane, ...options }),
    listen: driver.listen,
    close: driver.close,
  }
}

/** The part of postgres.js that drizzle uses, on any driver: `unsafe()` gives a query that runs when it is awaited. */
function clientOf(driver: Driver, lane: Lane): Sql {
  const unsafe = (text: string, params: unknown[] = [], { prepare = false } = {}) => ({
    values: () => driver.query(text, params, { prepare, arrays: true, lane }),
    // biome-ignore lint/suspicious/noThenProperty: a query of postgres.js is awaited itself
    then: (...then: Parameters<Promise<unknown>['then']>) =>
      driver.query(text, params, { prepare, arrays: false, lane }).then(...then),
  })
  return { unsafe, options: { parsers: {}, serializers: {} } } as unknown as Sql
}

/** A query that each database prepares when it is first used. */
export function prepared<Query>(prepare: (db: Database) => Query): (db: Database) => Query {
  const known = new WeakMap<Database, Query>()
  return (db) => {
    const query = known.get(db) ?? prepare(db)
    known.set(db, query)
    return query
  }
}
