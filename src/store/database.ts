import { fillPlaceholders, type SQL } from 'drizzle-orm'
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

/** Makes a statement of the values of its placeholders. */
export type Template = (values: Record<string, unknown>) => Statement

/** A query with placeholders, its text built once: that costs more than to fill in the values of one use. */
export function template(query: SQL): Template {
  const { text, params } = compile(query)
  return (values) => ({ text, params: fillPlaceholders(params, values) })
}

/** Templates by all that their text depends on, each built when it is first asked for. */
export function templates<Shape>(build: (shape: Shape) => SQL): (shape: Shape) => Template {
  const built = new Map<string, Template>()
  return (shape) => {
    const key = JSON.stringify(shape)
    const found = built.get(key) ?? template(build(shape))
    built.set(key, found)
    return found
  }
}
