import { DrizzleQueryError } from 'drizzle-orm/errors'

/** The database's own error, without the query builder's wrapper, whose message repeats the whole statement. */
export function unwrap(error: unknown): unknown {
  return error instanceof DrizzleQueryError && error.cause !== undefined ? error.cause : error
}

/** An error as one line. An AggregateError, of connecting to several addresses, has no message: its first error has one. */
export function messageOf(error: unknown): string {
  const { message, errors, code } = unwrap(error) as Error & { errors?: Error[]; code?: string }
  return message || errors?.[0]?.message || code || String(error)
}
