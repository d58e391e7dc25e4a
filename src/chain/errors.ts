import { redactor } from '../observe/secrets.ts'

/** Reduces each URL of a text to scheme and host. */
const shortenUrls = redactor([])
/**
 * Maximum characters of a reason that are read: a node's message may have megabytes. A log line has far fewer.
 */
const MAX_REASON = 2_000

/**
 * Why a request got no result:
 * - `refused`: the node answered with an error
 * - `rate-limited`: the provider asks for fewer requests
 * - `too-large`: the answer has more bytes than are accepted
 * - `timeout`: no complete answer in time
 * - `bad-request`: HTTP 400, 408 or 413, by which gateways refuse a request or an answer that is too large
 * - `server-error`: HTTP 5xx
 * - `status`: another HTTP status than these, 2xx and 429
 * - `no-answer`: no connection, a broken one, an answer that is not JSON-RPC, or a node that does not say which chain
 *   it is on
 */
type RpcFailure =
  | 'refused'
  | 'rate-limited'
  | 'too-large'
  | 'timeout'
  | 'bad-request'
  | 'server-error'
  | 'status'
  | 'no-answer'

/**
 * A JSON-RPC request without a result. The message is scheme and host of the endpoint, then the reason. URLs
 * in the reason are reduced to scheme and host too, because nodes repeat their URL with its key.
 */
export class RpcError extends Error {
  override name = 'RpcError'
  readonly failure: RpcFailure
  /** the endpoint's Retry-After, at most a minute; 0 if it names none */
  readonly retryAfterMs: number

  constructor(origin: string, failure: RpcFailure, reason: string, retryAfterMs = 0) {
    super(shortenUrls(`${origin}: ${reason.slice(0, MAX_REASON)}`))
    this.failure = failure
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * The words of a rate limit, because providers share no code for it. Infura's is -32005, which others use for
 * too many results. QuickNode's is -32007.
 */
const RATE_LIMIT = /too many requests|rate.?limit|per second|compute units/i

/** Returns the error of a node's answer to one call. */
export function replyError(
  origin: string,
  method: string,
  { code, message }: { code?: unknown; message?: unknown },
): RpcError {
  const limited = code === 429 || code === -32007 || RATE_LIMIT.test(String(message))
  return new RpcError(origin, limited ? 'rate-limited' : 'refused', `${method}: ${message} (code ${code})`)
}

/** Returns the error of an answer that holds no reply. */
export function answerError(origin: string, { ok, status, headers }: Response): RpcError {
  if (ok) return new RpcError(origin, 'no-answer', 'the answer is not JSON-RPC')
  // A date instead of seconds is ignored.
  const seconds = Number(headers.get('retry-after'))
  const retryAfterMs = seconds > 0 ? Math.min(seconds, 60) * 1_000 : 0
  return new RpcError(origin, failureOf(status), `HTTP ${status}`, retryAfterMs)
}

function failureOf(status: number): RpcFailure {
  if (status === 429) return 'rate-limited'
  if (status >= 500) return 'server-error'
  return [400, 408, 413].includes(status) ? 'bad-request' : 'status'
}

export function timeoutError(origin: string, timeoutMs: number): RpcError {
  return new RpcError(origin, 'timeout', `timeout after ${timeoutMs / 1_000} s`)
}

export function tooLargeError(origin: string, maxBytes: number): RpcError {
  return new RpcError(origin, 'too-large', `the answer has more than ${maxBytes / 2 ** 20} MiB`)
}

/** Returns why a request failed; undefined for an error that is not an {@link RpcError}. */
export function rpcFailureOf(error: unknown): RpcFailure | undefined {
  return error instanceof RpcError ? error.failure : undefined
}

/**
 * Returns whether a request for fewer blocks may succeed. Each provider says "range too large" with a wording
 * and a code of its own. The refusal may also be a timeout, a body that is too large, or a gateway's 5xx.
 */
export function mayFitSmaller(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false
  return ['refused', 'too-large', 'timeout', 'bad-request', 'server-error'].includes(error.failure)
}

/**
 * Returns whether an endpoint is set aside after an error. A timeout or a 5xx counts, although the range may
 * have been too large.
 */
export function isOutage(error: unknown): boolean {
  return error instanceof RpcError && !['refused', 'too-large', 'bad-request'].includes(error.failure)
}

/**
 * Returns the milliseconds after which an endpoint accepts requests again, by its Retry-After (HTTP 429 or
 * 503); 0 if it names none.
 */
export function retryAfterMs(error: unknown): number {
  return error instanceof RpcError ? error.retryAfterMs : 0
}
