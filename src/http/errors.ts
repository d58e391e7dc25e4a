import type { FastifyReply } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'

const statusByCode = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
} as const
type ErrorCode = keyof typeof statusByCode
/**
 * A code that the OpenAPI document describes. The document has no operations for methods that a route does
 * not have.
 */
type DocumentedCode = Exclude<ErrorCode, 'METHOD_NOT_ALLOWED'>

/** The body of every answer that is not a success. */
export const ErrorBody = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.Object({
      code: Type.String({ enum: Object.keys(statusByCode) }),
      message: Type.String(),
    }),
  },
  { $id: 'Error', title: 'Error' },
)

export const KEY_NEEDED =
  'the API key is missing or wrong; send it as x-api-key, as Authorization: Bearer, or as api_key in the query'
export const OUT_OF_REACH = 'the database is out of reach; try again'

/** Description and example message of each error in the OpenAPI document. */
const documented: Record<DocumentedCode, { description: string; message: string; retryAfter?: true }> = {
  BAD_REQUEST: {
    description: 'an unknown parameter or a bad value: the message names it and what it takes',
    message: 'limit takes a number of jobs per page, 1 to 100; found "1000"',
  },
  UNAUTHORIZED: {
    description: 'the operator set API_KEYS, and the key is missing or wrong',
    message: KEY_NEEDED,
  },
  NOT_FOUND: { description: 'no such route or job', message: 'there is no job 42' },
  RATE_LIMITED: {
    description: 'too many requests or streams from one address',
    message: 'too many requests; try again in 42 seconds',
    retryAfter: true,
  },
  INTERNAL: { description: 'an internal error', message: 'internal error' },
  UNAVAILABLE: {
    description:
      'the database is out of reach, too many queries or streams are open, or the server is shutting down',
    message: OUT_OF_REACH,
    retryAfter: true,
  },
}

export function sendError(reply: FastifyReply, code: ErrorCode, message: string): FastifyReply {
  return reply.code(statusByCode[code]).send(errorBody(code, message))
}

export function errorBody(code: ErrorCode, message: string): Static<typeof ErrorBody> {
  return { success: false, error: { code, message } }
}

/** Returns the response schemas of an API route that answers with `data`, and of its errors. */
export function dataResponses<Data extends TSchema>(
  data: Data,
  description: string,
  ...codes: DocumentedCode[]
) {
  const success = Type.Object({ success: Type.Literal(true), data }, { description })
  return { 200: success, ...errorResponses(...codes) }
}

/** Returns the response schemas of an API route's errors: those that every route has, and `codes`. */
export function errorResponses(...codes: DocumentedCode[]): Record<number, unknown> {
  const always: DocumentedCode[] = ['BAD_REQUEST', 'UNAUTHORIZED', 'RATE_LIMITED', 'INTERNAL', 'UNAVAILABLE']
  return Object.fromEntries([...always, ...codes].map((code) => [statusByCode[code], errorResponse(code)]))
}

function errorResponse(code: DocumentedCode) {
  const { description, message, retryAfter } = documented[code]
  const headers = { 'Retry-After': { type: 'integer', description: 'seconds to wait' } }
  return {
    description,
    ...(retryAfter && { headers }),
    content: {
      'application/json': { schema: Type.Ref('Error'), example: errorBody(code, message) },
    },
  }
}
