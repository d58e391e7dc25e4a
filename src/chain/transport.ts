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
   * higher (post.ts)
   */
  large?: boolean
}

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
