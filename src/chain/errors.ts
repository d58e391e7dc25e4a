import { redactor } from '../observe/secrets.ts'

/** Reduces each URL of a text to scheme and host. */
const shortenUrls = redactor([])

/**
 * Why a request got no result:
 * - `refused`: the node answered with an error
 * - `rate-limited`: the provider asks for fewer requests
 * - `too-large`: the answer has more bytes than are accepted
 * - `timeout`: no complete answer in time
 * - `status`: an HTTP status other than 2xx and 429
 * - `no-answer`: no connection, a broken one, or an answer that is not JSON-RPC
 */
type RpcFailure = 'refused' | 'rate-limited' | 'too-large' | 'timeout' | 'status' | 'no-answer'

/**
 * A JSON-RPC request without a result. The message is scheme and host of the endpoint, then the reason. URLs
 * in the reason are reduced to scheme and host too, because nodes repeat their URL with its key.
 */
export class RpcError extends Error {
  override name = 'RpcError'
  readonly failure: RpcFailure
  /** HTTP status, for the failures that have one */
  readonly status: number | undefined
  /** the endpoint's Retry-After, at most a minute; 0 if it names none */
  readonly retryAfterMs: number

  constructor(
    origin: string,
    failure: RpcFailure,
    reason: string,
    { status, retryAfterMs = 0 }: { status?: number; retryAfterMs?: number } = {},
  ) {
    super(shortenUrls(`${origin}: ${reason}`))
    this.failure = failure
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * The words of a rate limit, because providers share no code for it. Infura's is -32005, which others use for
 * too many results. QuickNode's is -32007.
 */
const RATE_LIMIT = /too many requests|rate.?limit|per second|compute units/i

/** The error of a node's answer to one call. */
export function refusalOf(
  origin: string,
  method: string,
  { code, message }: { code?: unknown; message?: unknown },
): RpcError {
  const limited = code === 429 || code === -32007 || RATE_LIMIT.test(String(message))
  return new RpcError(origin, limited ? 'rate-limited' : 'refused', `${method}: ${message} (code ${code})`)
}

export function timeoutError(origin: string, timeoutMs: number): RpcError {
  return new RpcError(origin, 'timeout', `timeout after ${timeoutMs / 1_000} s`)
}

/** Why a request failed; undefined for errors that are no {@link RpcError}. */
export function rpcFailureOf(error: unknown): RpcFailure | undefined {
  return error instanceof RpcError ? error.failure : undefined
}

/**
 * Whether a request for fewer blocks may succeed. Each provider says "range too large" with a wording and a
 * code of its own. The refusal may also be a timeout, a body that is too large, or a gateway's 5xx.
 */
export function mayFitSmaller(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false
  if (error.failure === 'status') return isRequestTooLarge(error) || (error.status ?? 0) >= 500
  return ['refused', 'too-large', 'timeout'].includes(error.failure)
}

/** Whether an error means that the endpoint fails, whatever it is asked. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false
  if (error.failure === 'status') return !isRequestTooLarge(error)
  return ['rate-limited', 'timeout', 'no-answer'].includes(error.failure)
}

function isRequestTooLarge({ status }: RpcError): boolean {
  return status === 400 || status === 408 || status === 413
}

/**
 * The milliseconds after which an endpoint accepts requests again, by its Retry-After (HTTP 429 or 503); 0 if
 * it names none.
 */
export function retryAfterMs(error: unknown): number {
  return error instanceof RpcError ? error.retryAfterMs : 0
}
