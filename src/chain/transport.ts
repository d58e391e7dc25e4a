import type { RpcError } from './errors.ts'

/** One JSON-RPC call. */
export interface Call {
  method: string
  params: unknown[]
}

export type Reply = { result: unknown } | { error: RpcError }

export interface SendOptions {
  /** the time for the whole answer, to its last byte */
  timeoutMs: number
  /** true for the logs of one block, which cannot be asked for in parts: the answer may have as many bytes as memory allows */
  large?: boolean | undefined
}

/** The connection to one JSON-RPC URL. */
export interface Transport {
  /**
   * Sends calls that one node must answer together, and resolves with a reply to each. A load balancer may send every
   * HTTP request to another node, so these calls are never spread over several of them.
   * @throws RpcError if there is no answer that holds the replies
   */
  send(calls: Call[], options: SendOptions): Promise<Reply[]>
  close(): void
}
