import { DrizzleQueryError } from 'drizzle-orm/errors'

/** Longer than any useful message: some nodes repeat the whole request in theirs. */
const MAX_LENGTH = 400

/** The database's own error, without the query builder's wrapper, whose message repeats the whole statement. */
export function unwrap(error: unknown): unknown {
  return error instanceof DrizzleQueryError && error.cause !== undefined ? error.cause : error
}

/** Returns what an error says, in one line. It is about the innermost error if the outer ones say nothing themselves. */
export function messageOf(error: unknown): string {
  const line = innermostMessage(error).replace(/\s+/g, ' ').trim()
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line
}

/** What errors of Node, fetch, viem and WebSockets hold of their reason. */
interface Parts {
  message?: string
  code?: string
  cause?: unknown
  /** of an AggregateError: a host name with several addresses fails with one error for each */
  errors?: unknown[]
  /** of an ErrorEvent */
  error?: unknown
  /** viem's */
  shortMessage?: string
  details?: string
}

function innermostMessage(thrown: unknown): string {
  const unwrapped = unwrap(thrown)
  const { message, code, cause, errors, error, shortMessage, details }: Parts = Object(unwrapped)
  // fetch says only "fetch failed", in a TypeError.
  const isWrapper = unwrapped instanceof TypeError || shortMessage !== undefined
  const inner = errors?.[0] ?? error ?? (isWrapper ? cause : undefined)
  if (inner) return innermostMessage(inner)
  return details || shortMessage || message || code || String(unwrapped)
}
