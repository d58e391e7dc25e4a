/**
 * The process cannot reach a service it needs, such as the database. The request is answered with 503 and may
 * be repeated.
 */
export class UnavailableError extends Error {
  override name = 'UnavailableError'
}

/**
 * Too many requests wait for the database, or a query waited or ran too long. The request is answered with 503
 * and may be repeated.
 */
export class OverloadedError extends UnavailableError {
  override name = 'OverloadedError'
}

/** The request is invalid and is answered with 400. The message is for the client's developer. */
export class BadRequestError extends Error {
  override name = 'BadRequestError'
}

/** An error that the operator can fix. The command line prints its message without a stack. */
export class ExpectedError extends Error {
  /** Exit code of the command: 2 if its arguments, the settings or the contract's definition are wrong. */
  readonly exitCode: 1 | 2 = 1
}

/**
 * This process cannot or must not use the database: it is locked, it refuses the user, or another version or
 * definition made it.
 */
export class DatabaseError extends ExpectedError {
  override name = 'DatabaseError'
}

/** Another program listens on the port. */
export class PortTakenError extends ExpectedError {
  override name = 'PortTakenError'
}

/**
 * Returns the code of a system or driver error, such as `ENOENT` or a SQLSTATE; undefined if the error
 * has none.
 */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
