import { DrizzleQueryError } from 'drizzle-orm/errors'

/** Greatest length of a message. Some nodes repeat the whole request in their messages. */
const MAX_LENGTH = 400

/**
 * Returns the database's error without the query builder's wrapper, whose message repeats the
 * whole statement.
 */
export function unwrap(error: unknown): unknown {
  return error instanceof DrizzleQueryError && error.cause !== undefined ? error.cause : error
}

/**
 * Returns the message of an error in one line. If an error only wraps another one, the message of the inner
 * one is returned.
 */
export function messageOf(error: unknown): string {
  const line = innermostMessage(error).replace(/\s+/g, ' ').trim()
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line
}

/** Properties in which errors of Node, fetch and viem state their reason. */
interface Parts {
  message?: string
  code?: string
  cause?: unknown
  /** of an AggregateError: connecting to a host name with several addresses fails with one error for each */
  errors?: unknown[]
  /** viem's */
  shortMessage?: string
  details?: string
}

function innermostMessage(thrown: unknown): string {
  const unwrapped = unwrap(thrown)
  const { message, code, cause, errors, shortMessage, details }: Parts = Object(unwrapped)
  // fetch throws a TypeError "fetch failed" with the reason in its cause.
  const isWrapper = unwrapped instanceof TypeError || shortMessage !== undefined
  const inner = errors?.[0] ?? (isWrapper ? cause : undefined)
  if (inner) return innermostMessage(inner)
  return details || shortMessage || message || code || String(unwrapped)
}
