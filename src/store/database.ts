import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'

export type Row = Record<string, unknown>

/** A statement as it is sent. */
export interface Statement {
  text: string
  params: unknown[]
}

export interface QueryOptions {
  /**
   * true where the best plan depends on the values: it is then made for these values and not kept. Otherwise a statement
   * stays prepared, and after some runs its plan is one for all values.
   */
  planForValues?: boolean
}

/** What the store needs of a database; PGlite and Postgres both give it, and no query knows which it runs on. */
export interface Database {
  /**
   * Runs one statement, which is one transaction.
   * int8 and numeric columns may come as number or as string: read them through Number or String.
   */
  rows(query: SQL | Statement, options?: QueryOptions): Promise<Row[]>
  /**
   * Calls `onMessage` for each NOTIFY on the channel and `onReady` whenever listening (again) began; what was
   * sent before that is lost, so the reader looks for itself then.
   */
  listen(channel: string, onMessage: (payload: string) => void, onReady: () => void): Promise<void>
  close(): Promise<void>
}

/** The database cannot be used by this program: another process holds it, or a newer version made it. */
export class DatabaseError extends Error {
  override name = 'DatabaseError'
}

const dialect = new PgDialect()

/** A drizzle query as text and parameters; one that is compiled already stays as it is. */
export function compile(query: SQL | Statement): Statement {
  if ('text' in query) return query
  const { sql, params } = dialect.sqlToQuery(query)
  return { text: sql, params }
}
