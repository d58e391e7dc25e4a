import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BadRequestError, OverloadedError, UnavailableError } from '../errors.ts'
import { unwrap } from '../messages.ts'
import { errorBody, sendError, UNREACHABLE } from './errors.ts'
import { excerpt, validationMessage } from './validationMessage.ts'

/**
 * Value of Retry-After, in seconds: as long as a query may wait for its turn. It is sent if the database does
 * not answer or too many queries wait.
 */
const QUERY_RETRY_SECONDS = 5

/** Status line and message for a request that node:http cannot parse, by the code of its error. */
const parserAnswers: Record<string, [status: string, message: string]> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long to arrive'],
}

/**
 * Answers every error with the API's error body. Client errors that fastify raises are answered with 400, except
 * 429. Internal errors are logged; their answer reveals nothing.
 */
export function handleErrors(app: FastifyInstance, servesApi: boolean): void {
  const advice = servesApi ? '; see /docs' : ''
  app.setSchemaErrorFormatter((errors) => new BadRequestError(validationMessage(errors)))
  app.setNotFoundHandler((request, reply) =>
    sendError(reply, 'NOT_FOUND', `there is no ${request.method} ${pathOf(request)}${advice}`),
  )
  app.setErrorHandler<FastifyError>((thrown, request, reply) => {
    const error = unwrap(thrown)
    if (error instanceof UnavailableError) {
      const message = error instanceof OverloadedError ? error.message : UNREACHABLE
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

/**
 * Answers a request that node:http cannot parse or that takes too long to arrive, and closes the connection.
 * If the connection has carried an answer before, that answer may be incomplete. A second answer would end up
 * inside it, so none is sent.
 */
export function answerMalformedRequest({ code = '' }: Error & { code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const [status, message] = parserAnswers[code] ?? ['400 Bad Request', 'the request is not HTTP']
  const body = JSON.stringify(errorBody('BAD_REQUEST', message))
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}

/**
 * Refuses what node:http parses and HTTP forbids: a request of HTTP/1.1 without Host, and `*` as the path of
 * another method than OPTIONS (RFC 9112, sections 3.2 and 3.2.4). An unknown Expect header is ignored (RFC
 * 9110, section 10.1.1).
 */
export function refuseMalformedRequests(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw: { httpVersion, headers, url, method } }, reply, done) => {
    if (httpVersion === '1.1' && headers.host === undefined)
      sendError(reply, 'BAD_REQUEST', 'the header Host is missing')
    else if (url === '*' && method !== 'OPTIONS')
      sendError(reply, 'BAD_REQUEST', 'the path * is for OPTIONS only')
    else done()
  })
  // Without a listener, node:http answers 417 with no body.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
}

/** Returns the path without the query, which may hold a key. */
function pathOf({ url }: FastifyRequest): string {
  const [path = ''] = url.split('?', 1)
  return excerpt(path)
}
