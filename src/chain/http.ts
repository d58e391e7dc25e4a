import { causeOf, hostOf, isRefusal, RpcError, refusalOf } from './errors.ts'
import type { Call, Reply, SendOptions, Transport } from './transport.ts'

/** Calls in one POST: a range's three travel together, and public endpoints that bound batches allow at least as many. */
const BATCH_SIZE = 3
/** A range with more bytes is asked for in parts: this much JSON takes 0.2 s to parse. */
const MAX_BYTES = 10 * 2 ** 20
/** One block cannot be asked for in parts. V8 has no string beyond 512 MiB. */
const MAX_LARGE_BYTES = 256 * 2 ** 20

/** Batches refused in a row, with each call answered when it is sent alone, after which an endpoint gets no more batches. */
const REFUSALS = 3
/** How endpoints refuse a batch, beside a JSON-RPC error. */
const REFUSING_STATUS = [400, 403, 404, 405, 415, 422, 501]

/** Calls that travel in one POST, and who waits for them. */
interface Group {
  calls: Call[]
  options: SendOptions
  resolve(replies: Reply[]): void
  reject(error: unknown): void
}

/** What a POST answered: parsed JSON, with the status beside it. */
interface Answer {
  json: unknown
  response: Response
}

/**
 * JSON-RPC over HTTP. What is sent in one tick travels in as few batches as possible. An endpoint that refuses batches is sent
 * one call at a time from then on; it must then not stand behind a load balancer, since nothing ties a range's logs to the node
 * whose header proves that it has the range.
 */
export function createHttpTransport(url: string): Transport {
  const host = hostOf(url)
  const { address, headers } = withoutCredentials(url)
  let refusals = 0
  let queue: Group[] = []

  function send(calls: Call[], options: SendOptions): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      const group = { calls, options, resolve, reject }
      if (options.large) return void deliver([group])
      if (queue.length === 0) setImmediate(flush)
      queue.push(group)
    })
  }

  function flush(): void {
    const groups = queue
    queue = []
    let batch: Group[] = []
    let size = 0
    for (const group of groups) {
      if (size > 0 && size + group.calls.length > BATCH_SIZE) {
        void deliver(batch)
        batch = []
        size = 0
      }
      batch.push(group)
      size += group.calls.length
    }
    void deliver(batch)
  }

  async function deliver(groups: Group[]): Promise<void> {
    const calls = groups.flatMap((group) => group.calls)
    const timeoutMs = Math.max(...groups.map(({ options }) => options.timeoutMs))
    const large = groups.some(({ options }) => options.large)
    try {
      const replies = await exchange(calls, { timeoutMs, large })
      for (const group of groups) group.resolve(replies.splice(0, group.calls.length))
    } catch (error) {
      for (const group of groups) group.reject(error)
    }
  }

  async function exchange(calls: Call[], options: SendOptions): Promise<Reply[]> {
    const each = () => Promise.all(calls.map((call) => alone(call, options)))
    if (calls.length === 1 || refusals >= REFUSALS) return each()
    const answer = await post(calls.map(requestOf), options)
    const replies = repliesOf(host, calls, answer.json)
    if (replies) {
      refusals = 0
      return replies
    }
    assertBatchRefused(answer)
    // Either batches are refused, or one of these calls is: only the replies to each of them tell.
    const found = await each()
    if (found.every((reply) => 'result' in reply)) refusals++
    return found
  }

  async function alone(call: Call, options: SendOptions): Promise<Reply> {
    const { json, response } = await post(requestOf(call, 0), options)
    const reply = replyOf(host, call, json)
    if (reply) return reply
    throw unreadable(response)
  }

  /** @throws RpcError if the answer to a batch is a failure of the endpoint and no refusal of the batch */
  function assertBatchRefused({ json, response }: Answer): void {
    if (REFUSING_STATUS.includes(response.status) || Array.isArray(json)) return
    const reply = replyOf(host, { method: 'batch', params: [] }, json)
    if (!reply || 'result' in reply || !response.ok) throw unreadable(response)
    if (!isRefusal(reply.error)) throw reply.error
  }

  function unreadable(response: Response): RpcError {
    if (!response.ok) return statusError(host, response)
    return new RpcError(host, 'no-answer', 'the answer is not JSON-RPC')
  }

  async function post(body: unknown, { timeoutMs, large }: SendOptions): Promise<Answer> {
    const limit = large ? MAX_LARGE_BYTES : MAX_BYTES
    try {
      const response = await fetch(address, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      })
      const text = await readText(response, limit)
      if (text === null)
        throw new RpcError(host, 'too-large', `the answer has more than ${limit / 2 ** 20} MiB`)
      return { json: parse(text), response }
    } catch (error) {
      if (error instanceof RpcError) throw error
      if ((error as Error).name === 'TimeoutError')
        throw new RpcError(host, 'timeout', `timeout after ${timeoutMs / 1_000} s`)
      throw new RpcError(host, 'no-answer', causeOf(error), { cause: error })
    }
  }

  return { send, close: () => {} }
}

/** The text of a body; null if it has more than `limit` bytes. */
async function readText(response: Response, limit: number): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    // Leaving the loop cancels the stream.
    if (size > limit) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function requestOf({ method, params }: Call, index: number) {
  return { jsonrpc: '2.0', id: index + 1, method, params }
}

/** Replies in the order of the calls, whatever the order of the answer; null if it is no answer to a batch. */
function repliesOf(host: string, calls: Call[], json: unknown): Reply[] | null {
  if (!Array.isArray(json)) return null
  const byId = new Map(json.map((reply) => [(reply as { id?: unknown } | null)?.id, reply]))
  const replies = calls.map((call, i) => replyOf(host, call, byId.get(i + 1)))
  if (!replies.every((reply) => reply !== null)) return null
  const refused = replies.every((reply) => 'error' in reply && /batch/i.test(reply.error.message))
  return refused ? null : replies
}

function replyOf(host: string, { method }: Call, json: unknown): Reply | null {
  if (typeof json !== 'object' || json === null) return null
  if ('error' in json && typeof json.error === 'object' && json.error !== null)
    return { error: refusalOf(host, method, json.error) }
  return 'result' in json ? { result: json.result } : null
}

function statusError(host: string, { status, headers }: Response): RpcError {
  const seconds = Math.min(Number(headers.get('retry-after')), 60)
  return new RpcError(host, status === 429 ? 'rate-limited' : 'status', `HTTP ${status}`, {
    status,
    ...(seconds > 0 && { retryAfterSeconds: seconds }),
  })
}

/** fetch takes no credentials in a URL. */
function withoutCredentials(url: string): { address: string; headers: Record<string, string> } {
  const parsed = new URL(url)
  if (!parsed.username && !parsed.password) return { address: url, headers: {} }
  const credentials = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`
  parsed.username = ''
  parsed.password = ''
  return {
    address: parsed.href,
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
  }
}
