import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BadRequestError, OverloadedError, UnavailableError } from '../errors.ts'
import { unwrap } from '../messages.ts'
import { OUT_OF_REACH, sendError } from './errors.ts'
import { excerpt, validationMessage } from './validationMessage.ts'

/** Value of Retry-After, in seconds, if the database does not answer or too many queries wait. */
const QUERY_RETRY_SECONDS = 5

/**
 * Answers every error with the API's error body. Client errors other than 429 are answered with 400. Internal
 * errors are logged; their answer reveals nothing.
 */
export function errorHandling(app: FastifyInstance): void {
  app.setSchemaErrorFormatter((errors) => new BadRequestError(validationMessage(errors)))
  app.setNotFoundHandler((request, reply) =>
    sendError(reply, 'NOT_FOUND', `there is no ${request.method} ${pathOf(request)}; see /docs`),
  )
  app.setErrorHandler<FastifyError>((thrown, request, reply) => {
    const error = unwrap(thrown)
    if (error instanceof UnavailableError) {
      const message = error instanceof OverloadedError ? error.message : OUT_OF_REACH
      return sendError(reply.header('retry-after', QUERY_RETRY_SECONDS), 'UNAVAILABLE', message)
    }
    const { statusCode = 500, message } = thrown
    if (statusCode === 429) return sendError(reply, 'RATE_LIMITED', message)
    if (error instanceof BadRequestError || statusCode < 500) return sendError(reply, 'BAD_REQUEST', message)
    request.log.error({ err: error }, 'a request failed')
    return sendError(reply, 'INTERNAL', 'internal error')
  })
}

/**
 * Answers a URL that cannot be decoded or has a path parameter of more than 100 characters. No hook runs for
 * such a request, so it does not count for the rate limit.
 */
export function answerMalformedUrl(_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendError(reply, 'BAD_REQUEST', `the path ${pathOf(request)} cannot be read`)
}

/** The path without the query, which may hold a key. */
function pathOf({ url }: FastifyRequest): string {
  const [path = ''] = url.split('?', 1)
  return excerpt(path)
}
