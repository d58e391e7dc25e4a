import type { RpcError } from './errors.ts'

/** A JSON-RPC call as it is sent. */
export interface RpcCall {
  method: string
  params: unknown[]
}

/** A node's reply to one call. */
export type Reply = { result: unknown; error?: never } | { error: RpcError; result?: never }

export interface SendOptions {
  /** the time for the whole answer, to its last byte */
  timeoutMs: number
  /**
   * true for the logs of one block, which cannot be requested in parts: the limit on the answer's bytes is
   * higher
   */
  large?: boolean
}

/**
 * Maximum bytes of a usual answer: this much JSON takes 0.2 s to parse. A range with more is requested
 * in parts.
 */
const MAX_BYTES = 10 * 2 ** 20
/** Maximum bytes of a large answer. V8 has no string beyond 512 MiB. */
export const MAX_LARGE_BYTES = 256 * 2 ** 20

/** Returns the maximum bytes of the answer to a request. */
export const maxBytesOf = ({ large }: Pick<SendOptions, 'large'>): number =>
  large ? MAX_LARGE_BYTES : MAX_BYTES

/** The connection to one JSON-RPC URL. */
export interface Transport {
  /**
   * Sends calls that one node must answer together, and resolves with a reply to each. A load balancer may
   * send each HTTP request to a different node, so these calls travel in one batch, unless the endpoint
   * refuses batches.
   * @throws RpcError if there is no answer that holds the replies
   */
  send(calls: readonly RpcCall[], options: SendOptions): Promise<Reply[]>
  close(): void
}
