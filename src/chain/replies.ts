import { replyError } from './errors.ts'
import type { Reply, RpcCall } from './transport.ts'

/** Returns the request for one call; its id is its place in the batch (JSON-RPC 2.0, section 6). */
export function requestOf({ method, params }: RpcCall, index = 0) {
  return { jsonrpc: '2.0', id: index + 1, method, params }
}

/** Reads the reply to one call; null if `json` is not a JSON-RPC response. */
export function replyOf(origin: string, method: string, json: unknown): Reply | null {
  if (!isJsonObject(json)) return null
  if (isJsonObject(json.error)) return { error: replyError(origin, method, json.error) }
  return 'result' in json ? { result: json.result } : null
}

/**
 * Reads the replies to a batch, in the order of the calls, whatever their order in `json`; null if one
 * is missing.
 */
export function repliesOf(origin: string, calls: readonly RpcCall[], json: unknown): Reply[] | null {
  if (!Array.isArray(json)) return null
  const byId = new Map(json.filter(isJsonObject).map((reply) => [reply.id, reply]))
  const replies = calls.map(({ method }, i) => replyOf(origin, method, byId.get(i + 1)))
  return replies.every((reply) => reply !== null) ? replies : null
}

function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
