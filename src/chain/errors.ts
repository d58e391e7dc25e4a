import { BaseError } from 'viem'

/**
 * Why a request got no result:
 * - `refused`: the node answered with an error
 * - `rate-limited`: the provider asks for fewer requests
 * - `too-large`: the answer has more bytes than are accepted
 * - `timeout`: no complete answer in time
 * - `status`: an HTTP status that is no success
 * - `no-answer`: no connection, a broken one, or an answer that is not JSON-RPC
 */
export type RpcFailure = 'refused' | 'rate-limited' | 'too-large' | 'timeout' | 'status' | 'no-answer'

/** A JSON-RPC request without a result. The message is one line: scheme and host of the endpoint, then the cause. */
export class RpcError extends Error {
  override name = 'RpcError'
  readonly failure: RpcFailure
  /** HTTP status, for the failures that have one */
  readonly status: number | undefined
  /** the endpoint's Retry-After, at most 60 */
  readonly retryAfterSeconds: number | undefined

  constructor(
    host: string,
    failure: RpcFailure,
    reason: string,
    {
      status,
      retryAfterSeconds,
      cause,
    }: { status?: number; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(oneLine(`${host}: ${reason}`), cause === undefined ? {} : { cause })
    this.failure = failure
    this.status = status
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The error of a node's answer to one call. */
export function refusalOf(
  host: string,
  method: string,
  error: { code?: unknown; message?: unknown },
): RpcError {
  const { code, message } = error
  const limited = code === 429 || code === -32007 || RATE_LIMIT.test(String(message))
  return new RpcError(host, limited ? 'rate-limited' : 'refused', `${method}: ${message} (code ${code})`)
}

/** Providers share no code for it: Infura answers -32005, which others use for too many results; QuickNode -32007. */
const RATE_LIMIT = /too many requests|rate.?limit|per second|compute units/i

export function isRefusal(error: unknown): boolean {
  return error instanceof RpcError && error.failure === 'refused'
}

export function isTooLarge(error: unknown): boolean {
  return error instanceof RpcError && error.failure === 'too-large'
}

/**
 * Whether a request for fewer blocks may succeed. "Range too large" has a wording and a code of its own at every provider, and
 * comes as a timeout, as a body that is too large or as a gateway's 5xx as well.
 */
export function mayFitSmaller(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false
  if (error.failure === 'status') return isRequestTooLarge(error) || (error.status ?? 0) >= 500
  return ['refused', 'too-large', 'timeout'].includes(error.failure)
}

/** Whether an error says that the endpoint is out of order, whatever it is asked. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false
  if (error.failure === 'status') return !isRequestTooLarge(error)
  return ['rate-limited', 'timeout', 'no-answer'].includes(error.failure)
}

function isRequestTooLarge({ status }: RpcError): boolean {
  return status === 400 || status === 408 || status === 413
}

/** Seconds an endpoint asks to be left alone (HTTP 429 or 503 with Retry-After), at most a minute. */
export function retryAfterSeconds(error: unknown): number | undefined {
  return error instanceof RpcError ? error.retryAfterSeconds : undefined
}

/** One line about any error. Of a URL it holds scheme and host at most, since the rest often carries a key. */
export function rpcErrorText(error: unknown): string {
  if (!(error instanceof BaseError)) return oneLine(error instanceof Error ? error.message : String(error))
  const { url } = (error.walk((cause) => 'url' in (cause as object)) ?? {}) as { url?: string }
  return oneLine(`${url ? `${url}: ` : ''}${causeOf(error)}`)
}

/** The innermost cause of an error: the system's code (ECONNREFUSED) or the message. fetch says only "fetch failed". */
export function causeOf(error: unknown): string {
  const { code, cause, errors, details, message } = (error ?? {}) as {
    code?: unknown
    cause?: unknown
    errors?: unknown[]
    details?: string
    message?: string
  }
  if (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) return code
  // Connecting to several addresses of one name fails with an AggregateError, which says nothing itself.
  const inner = errors?.[0] ?? cause ?? (error as { error?: unknown } | null)?.error
  if (inner instanceof Error) return causeOf(inner)
  return details || message || 'no answer'
}

/** Longer than any useful answer of a node; some repeat the whole request. */
const LONGEST_LINE = 400

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').replace(/(https?|wss?):\/\/[^\s,)"']+/gi, (url) => {
    const [, address = url, colon = ''] = /^(.*?)(:?)$/.exec(url) ?? []
    return URL.canParse(address) ? hostOf(address) + colon : '<url>'
  })
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line
}

/** Scheme and host of an RPC URL. */
export function hostOf(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}
