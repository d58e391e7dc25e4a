import type { FastifyReply } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'

export const KEY_NEEDED =
  'the API key is missing or wrong; send it as x-api-key, as Authorization: Bearer, or as api_key in the query'
export const UNREACHABLE = 'the database is unreachable; try again'

/** An error of the API. The OpenAPI document has its description and its example message. */
interface ErrorKind {
  status: number
  description: string
  message: string
  retryAfter?: true
}

const errors = {
  BAD_REQUEST: {
    status: 400,
    description:
      'an unknown parameter or a bad value: the message names it, and what it takes or which parameters are known',
    message: 'limit takes a number of jobs per page, 1 to 100; found "1000"',
  },
  UNAUTHORIZED: {
    status: 401,
    description: 'the operator set API_KEYS, and the key is missing or wrong',
    message: KEY_NEEDED,
  },
  NOT_FOUND: { status: 404, description: 'no such route or job', message: 'there is no job 42' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    description: 'the route has no such method',
    message: 'POST is not allowed here; use GET',
  },
  RATE_LIMITED: {
    status: 429,
    description: 'too many requests or streams from one address',
    message: 'too many requests; try again in 42 seconds',
    retryAfter: true,
  },
  INTERNAL: { status: 500, description: 'an internal error', message: 'internal error' },
  UNAVAILABLE: {
    status: 503,
    description:
      'the database is unreachable, the query took too long, too many queries or streams are open, or the server is shutting down',
    message: UNREACHABLE,
    retryAfter: true,
  },
} satisfies Record<string, ErrorKind>
type ErrorCode = keyof typeof errors

/** The body of every answer that is not a success. */
export const ErrorBody = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.Object({
      code: Type.String({ enum: Object.keys(errors) }),
      message: Type.String(),
    }),
  },
  { $id: 'Error', title: 'Error' },
)

export function sendError(reply: FastifyReply, code: ErrorCode, message: string): FastifyReply {
  return reply.code(errors[code].status).send(errorBody(code, message))
}

export function errorBody(code: ErrorCode, message: string): Static<typeof ErrorBody> {
  return { success: false, error: { code, message } }
}

/** Returns the response schemas of an API route that answers with `data`, and of its errors. */
export function dataResponses<Data extends TSchema>(data: Data, description: string, ...codes: ErrorCode[]) {
  const success = Type.Object({ success: Type.Literal(true), data }, { description })
  return { 200: success, ...errorResponses(...codes) }
}

/** Returns the response schemas of an API route's errors: those that every route has, and `codes`. */
export function errorResponses(...codes: ErrorCode[]): Record<number, unknown> {
  const always: ErrorCode[] = ['BAD_REQUEST', 'UNAUTHORIZED', 'RATE_LIMITED', 'INTERNAL', 'UNAVAILABLE']
  return Object.fromEntries([...always, ...codes].map((code) => [errors[code].status, errorResponse(code)]))
}

function errorResponse(code: ErrorCode) {
  const { description, message, retryAfter }: ErrorKind = errors[code]
  const headers = { 'Retry-After': { type: 'integer', description: 'seconds to wait' } }
  return {
    description,
    ...(retryAfter && { headers }),
    content: {
      'application/json': { schema: Type.Ref('Error'), example: errorBody(code, message) },
    },
  }
}
