import { answerError } from './errors.ts'
import { type Answer, createPost } from './post.ts'
import { repliesOf, replyOf, requestOf } from './replies.ts'
import type { Reply, RpcCall, SendOptions, Transport } from './transport.ts'

/**
 * An endpoint gets no more batches after this many refused ones in a row. A batch counts as refused if each
 * of its calls has a result when it is sent alone.
 */
const MAX_REFUSALS = 3
/** Status codes by which endpoints refuse a batch, besides a JSON-RPC error. */
const REFUSING_STATUS = [400, 403, 404, 405, 415, 422, 501]

/**
 * JSON-RPC over HTTP. Calls that are sent together are one batch. After {@link MAX_REFUSALS} refused batches
 * in a row, each call is sent as a request of its own. Such an endpoint must not be a load balancer: nothing
 * would tie a range's logs to the node whose header proves that it has the range.
 */
export function createHttpTransport(url: string): Transport {
  const origin = new URL(url).origin
  const post = createPost(url)
  let refusals = 0

  async function send(calls: readonly RpcCall[], options: SendOptions): Promise<Reply[]> {
    if (calls.length === 1 || refusals >= MAX_REFUSALS) return sendEach(calls, options)
    const answer = await post(calls.map(requestOf), options)
    const replies = repliesOf(origin, calls, answer.json)
    if (replies && !replies.every(isBatchRefusal)) {
      refusals = 0
      return replies
    }
    if (!replies) assertBatchRefused(origin, answer)
    // Either batches are refused, or one of these calls is. The replies to single calls decide which.
    const found = await sendEach(calls, options)
    if (found.every(({ error }) => !error)) refusals++
    return found
  }

  function sendEach(calls: readonly RpcCall[], options: SendOptions): Promise<Reply[]> {
    return Promise.all(
      calls.map(async (call) => {
        const { json, response } = await post(requestOf(call), options)
        const reply = replyOf(origin, call.method, json)
        if (!reply) throw answerError(origin, response)
        return reply
      }),
    )
  }

  return { send, close() {} }
}

function isBatchRefusal({ error }: Reply): boolean {
  return error !== undefined && /batch/i.test(error.message)
}

/** @throws RpcError if the answer to a batch is a failure of the endpoint and no refusal of the batch */
function assertBatchRefused(origin: string, { json, response }: Answer): void {
  if (REFUSING_STATUS.includes(response.status) || Array.isArray(json)) return
  const reply = replyOf(origin, 'batch', json)
  if (!reply?.error || !response.ok) throw answerError(origin, response)
  if (reply.error.failure !== 'refused') throw reply.error
}
