/** Something this process needs is out of reach for now; the request is answered 503 and may be sent again. */
export class UnavailableError extends Error {
  override name = 'UnavailableError'
}

/** Too many requests wait for the database; the request is answered 503 and may be sent again. */
export class OverloadedError extends UnavailableError {
  override name = 'OverloadedError'
}

/** The client asked for something that cannot be; the message is for its developer. */
export class BadRequestError extends Error {
  override name = 'BadRequestError'
}
