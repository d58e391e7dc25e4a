import { rpcFailureOf } from './errors.ts'
import type { Reply, RpcCall, Send } from './transport.ts'

/**
 * Maximum number of calls that are joined into a batch. A range needs three, and public endpoints that limit
 * batches allow at least three.
 */
const BATCH_SIZE = 3

/** A request that waits for the end of the tick. */
interface Queued {
  calls: readonly RpcCall[]
  timeoutMs: number
  resolve(replies: Reply[]): void
  reject(error: unknown): void
}

/**
 * Returns a `send` that joins successive requests of one tick into batches. A large request is sent alone.
 */
export function joinRequests(send: Send): Send {
  let queue: Queued[] = []

  function flush(): void {
    const batches = batchesOf(queue)
    queue = []
    for (const batch of batches) void sendBatch(send, batch)
  }

  return (calls, options) => {
    if (options.large) return send(calls, options)
    return new Promise((resolve, reject) => {
      if (queue.length === 0) setImmediate(flush)
      queue.push({ calls, timeoutMs: options.timeoutMs, resolve, reject })
    })
  }
}

/** The calls of one request stay in one batch, however many they are. */
function batchesOf(queue: Queued[]): Queued[][] {
  const batches: Queued[][] = []
  let room = 0
  for (const queued of queue) {
    const batch = batches.at(-1)
    if (batch && queued.calls.length <= room) batch.push(queued)
    else {
      batches.push([queued])
      room = BATCH_SIZE
    }
    room -= queued.calls.length
  }
  return batches
}

/**
 * Sends requests in one batch. If the answer is too large, each is sent again alone: its own answer may be
 * small enough.
 */
async function sendBatch(send: Send, batch: Queued[]): Promise<void> {
  const timeoutMs = Math.max(...batch.map(({ timeoutMs }) => timeoutMs))
  try {
    const replies = await send(
      batch.flatMap(({ calls }) => calls),
      { timeoutMs },
    )
    for (const { calls, resolve } of batch) resolve(replies.splice(0, calls.length))
  } catch (error) {
    if (batch.length > 1 && rpcFailureOf(error) === 'too-large') {
      for (const queued of batch) void sendBatch(send, [queued])
      return
    }
    for (const { reject } of batch) reject(error)
  }
}
