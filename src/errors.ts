/** The process cannot reach something it needs. The request is answered with 503 and may be repeated. */
export class UnavailableError extends Error {
  override name = 'UnavailableError'
}

/** Too many requests are waiting for the database. The request is answered with 503 and may be repeated. */
export class OverloadedError extends UnavailableError {
  override name = 'OverloadedError'
}

/** The request is invalid and is answered with 400. The message is for the client's developer. */
export class BadRequestError extends Error {
  override name = 'BadRequestError'
}
