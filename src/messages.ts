import { DrizzleQueryError } from 'drizzle-orm/errors'

/** An error of the database without the query builder's wrapping, which repeats the whole statement. */
export function unwrap(error: unknown): unknown {
  return error instanceof DrizzleQueryError && error.cause !== undefined ? error.cause : error
}

/** What an error says in one line. Connecting to several addresses fails with an AggregateError, which says nothing itself. */
export function messageOf(error: unknown): string {
  const { message, errors, code } = unwrap(error) as Error & { errors?: Error[]; code?: string }
  return message || errors?.[0]?.message || code || String(error)
}
