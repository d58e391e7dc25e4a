import type { Socket } from 'node:net'
import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchemaValidationError,
} from 'fastify'
import { type Static, Type } from 'typebox'
import { BadRequestError, OverloadedError, UnavailableError } from '../errors.ts'
import { unwrap } from '../messages.ts'

const statusOf = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
} as const
export type ErrorCode = keyof typeof statusOf

/** Seconds after which a request that was answered 503 may be sent again. */
const RETRY_SECONDS = 5

/** Every answer that is not a success. */
export const ErrorBody = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.Object({
      code: Type.String({ enum: Object.keys(statusOf) }),
      message: Type.String(),
    }),
  },
  { $id: 'Error', title: 'Error' },
)

interface Told {
  description: string
  message: string
  retryAfter?: boolean
}

const told: Record<ErrorCode, Told> = {
  BAD_REQUEST: {
    description: 'an unknown parameter or a bad value: the message names it and what it takes',
    message: 'limit takes jobs a page, 1 to 100; "1000" is not',
  },
  UNAUTHORIZED: {
    description: 'the operator set API_KEYS, and the key is missing or wrong',
    message: 'a key is needed: x-api-key, Authorization: Bearer, or api_key in the query',
  },
  NOT_FOUND: { description: 'there is no such thing', message: 'there is no job 42' },
  METHOD_NOT_ALLOWED: {
    description: 'the route exists for other methods; with Allow',
    message: 'POST is not allowed here; use GET',
  },
  RATE_LIMITED: {
    description: 'too many requests or streams from one address',
    message: 'too many requests; try again in 42 seconds',
    retryAfter: true,
  },
  INTERNAL: { description: 'a fault of ours', message: 'something went wrong on our side' },
  UNAVAILABLE: {
    description: 'the database is out of reach, or the server holds all it can or is shutting down',
    message: 'the database is out of reach; try again',
    retryAfter: true,
  },
}

/** Answers a route may give beside its own, for the OpenAPI document. */
export function errorAnswers(...codes: ErrorCode[]) {
  const always: ErrorCode[] = ['BAD_REQUEST', 'UNAUTHORIZED', 'RATE_LIMITED', 'INTERNAL', 'UNAVAILABLE']
  return Object.fromEntries(
    [...always, ...codes].map((code) => {
      const { description, message, retryAfter } = told[code]
      const example: Static<typeof ErrorBody> = { success: false, error: { code, message } }
      const headers = retryAfter && {
        headers: { 'Retry-After': { type: 'integer', description: 'seconds to wait' } },
      }
      const content = { 'application/json': { schema: Type.Ref('Error'), example } }
      return [statusOf[code], { description, ...headers, content }]
    }),
  )
}

/** On every route of the API: where the operator set API_KEYS, a client that cannot send headers puts its key here. */
export const apiKeyParameter = {
  api_key: Type.Optional(Type.String({ description: 'a key, where the operator set API_KEYS' })),
}

export function sendError(reply: FastifyReply, code: ErrorCode, message: string): FastifyReply {
  return reply.code(statusOf[code]).type('application/json; charset=utf-8').send(errorBody(code, message))
}

function errorBody(code: ErrorCode, message: string): Static<typeof ErrorBody> {
  return { success: false, error: { code, message } }
}

/** Answers every fault in the envelope of the public contract, and tells nothing of the inside. */
export function errorHandling(app: FastifyInstance): void {
  app.setSchemaErrorFormatter((errors) => new BadRequestError(explainAll(errors as VerboseError[])))
  app.setNotFoundHandler((request, reply) =>
    sendError(reply, 'NOT_FOUND', `there is no ${request.method} ${pathOf(request)}; see /docs`),
  )
  app.setErrorHandler((thrown: FastifyError, request, reply) => {
    const error = unwrap(thrown) as FastifyError
    if (error instanceof BadRequestError) return sendError(reply, 'BAD_REQUEST', error.message)
    if (error instanceof UnavailableError) {
      const message =
        error instanceof OverloadedError ? error.message : 'the database is out of reach; try again'
      return sendError(reply.header('retry-after', RETRY_SECONDS), 'UNAVAILABLE', message)
    }
    if (error.statusCode === 429) return sendError(reply, 'RATE_LIMITED', error.message)
    if (error.statusCode && error.statusCode < 500) return sendError(reply, 'BAD_REQUEST', error.message)
    request.log.error({ err: error }, 'a request failed')
    return sendError(reply, 'INTERNAL', 'something went wrong on our side')
  })
}

/** The path without the query, which may hold a key. */
export function pathOf(request: FastifyRequest): string {
  return shorten(request.url.split('?', 1)[0] as string)
}

/** A URL that cannot be decoded or is too long has no route, and so no hooks. */
export function answerBrokenUrl(_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendError(reply, 'BAD_REQUEST', `the path ${pathOf(request)} cannot be read`)
}

const brokenRequests: Record<string, [status: string, message: string]> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not come in time'],
}

/** What cannot be read as HTTP. Where an answer went out before, it would end up inside that one: only the connection ends. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const [status, message] = brokenRequests[error.code ?? ''] ?? ['400 Bad Request', 'this is not HTTP']
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

interface VerboseError extends FastifySchemaValidationError {
  data?: unknown
  parentSchema?: { description?: string; properties?: Record<string, unknown> }
}

/** Names as many unknown parameters as help, and no more: the answer must not outgrow the request. */
const MAX_UNKNOWN = 5

function explainAll(errors: VerboseError[]): string {
  const unknown = errors.filter(({ params }) => params.additionalProperty !== undefined)
  const found = errors.filter((error) => !unknown.includes(error)).map(explain)
  if (unknown.length > 0) {
    const names = unknown
      .slice(0, MAX_UNKNOWN)
      .map(({ params }) => shorten(String(params.additionalProperty)))
    const known = Object.keys(unknown[0]?.parentSchema?.properties ?? {}).join(', ')
    found.unshift(`unknown parameter ${names.join(', ')}; there are ${known}`)
  }
  return [...new Set(found)].join('; ')
}

function explain({ instancePath, parentSchema, data, message }: VerboseError): string {
  const name = instancePath.slice(1)
  if (Array.isArray(data)) return `${name} is given more than once; give it once, values comma-separated`
  return `${name} takes ${parentSchema?.description ?? message}; "${shorten(String(data))}" is not`
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
