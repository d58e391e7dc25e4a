import { randomUUID } from 'node:crypto'
import { type GetSocketParameters, getSocketRpcClient, type Socket, type SocketRpcClient } from 'viem/utils'
import { WebSocket } from 'ws'
import { withDeadline } from '../deadline.ts'
import { messageOf } from '../messages.ts'
import { repeat } from '../repeat.ts'
import { splitCredentials } from './credentials.ts'
import { RpcError, replyError, timeoutError, tooLargeError } from './errors.ts'
import { MAX_LARGE_BYTES, maxBytesOf, type Reply, type RpcCall, type Transport } from './transport.ts'

/** The time to connect. viem limits only the time for the answer to a request. */
const CONNECT_MS = 10_000
/** Delay before a lost subscription is renewed. Polling finds the head meanwhile. */
const RESUBSCRIBE_MS = 2_000

/** Code of ws's error for a message with more than `maxPayload` bytes. */
const TOO_LONG = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'

type SocketClient = SocketRpcClient<object>

interface SocketTransport extends Transport {
  /**
   * Subscribes to new heads, and again whenever the subscription ends. The returned function unsubscribes.
   */
  watch(onBlock: (block: unknown) => void): () => void
}

/**
 * JSON-RPC over a WebSocket. One socket leads to one node, so calls need no batch to be answered together.
 */
export function createSocketTransport(url: string): SocketTransport {
  const origin = new URL(url).origin
  // viem would give two transports with the same key and URL one client.
  const key = randomUUID()
  let opened: Promise<SocketClient> | undefined
  /** requests under way whose answer may be large; a message may answer any of them */
  let largeRequests = 0
  const maxBytes = () => maxBytesOf({ large: largeRequests > 0 })

  /**
   * Runs `use` on the socket. Opens one if there is none, and closes it after a failure, so that the next use
   * opens another. viem's own reconnection is off, because it gives up after 5 attempts.
   */
  async function withClient<T>(timeoutMs: number, use: (client: SocketClient) => Promise<T>): Promise<T> {
    opened ??= getSocketRpcClient({
      url,
      key,
      reconnect: false,
      getSocket: (events) => openSocket(url, maxBytes, events),
    })
    const used = opened
    try {
      const connectMs = Math.min(timeoutMs, CONNECT_MS)
      return await use(await withDeadline(used, connectMs, () => timeoutError(origin, connectMs)))
    } catch (error) {
      if (opened === used) opened = undefined
      close(used)
      if (error instanceof RpcError) throw error
      if (error instanceof Error && error.name === 'TimeoutError') throw timeoutError(origin, timeoutMs)
      throw new RpcError(origin, 'no-answer', messageOf(error))
    }
  }

  async function request(client: SocketClient, call: RpcCall, timeoutMs: number): Promise<Reply> {
    const { method, params } = call
    const { error, result } = await client.requestAsync({ body: { method, params }, timeout: timeoutMs })
    return error ? { error: replyError(origin, method, error) } : { result }
  }

  async function follow(onBlock: (block: unknown) => void, signal: AbortSignal): Promise<void> {
    const once = () => withClient(CONNECT_MS, (client) => subscribe(client, onBlock, signal)).catch(() => {})
    await repeat(once, () => RESUBSCRIBE_MS, signal)
  }

  return {
    async send(calls, { timeoutMs, large }) {
      if (large) largeRequests++
      try {
        return await withClient(timeoutMs, (client) =>
          Promise.all(calls.map((call) => request(client, call, timeoutMs))),
        )
      } finally {
        if (large) largeRequests--
      }
    },
    watch(onBlock) {
      const ended = new AbortController()
      void follow(onBlock, ended.signal)
      return () => ended.abort()
    },
    close() {
      if (opened) close(opened)
    },
  }
}

/**
 * Opens a socket for viem's JSON-RPC client. From Node 22 on, a socket that viem opens is Node's own WebSocket,
 * which sends no credentials.
 * @param url may hold credentials, which are sent as basic authentication
 * @param maxBytes returns the maximum bytes of the next message. A longer one fails the requests under way
 */
function openSocket(
  url: string,
  maxBytes: () => number,
  events: GetSocketParameters,
): Promise<Socket<object>> {
  const { onClose, onError, onResponse } = events
  const { bareUrl, headers } = splitCredentials(url)
  const { origin } = bareUrl
  const socket = new WebSocket(bareUrl, {
    headers,
    handshakeTimeout: CONNECT_MS,
    maxPayload: MAX_LARGE_BYTES,
  })
  socket.on('close', onClose)
  socket.on('error', (error: Error & { code?: string }) =>
    onError(error.code === TOO_LONG ? tooLargeError(origin, MAX_LARGE_BYTES) : error),
  )
  socket.on('message', (data: Buffer) => {
    const limit = maxBytes()
    if (data.length > limit) return onError(tooLargeError(origin, limit))
    try {
      const text = String(data).trim()
      if (text !== '') onResponse(JSON.parse(text))
    } catch (error) {
      onError(error as Error)
    }
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('open', () =>
      resolve({
        // Not close(), which waits up to 30 s for the node to answer: pending requests fail at once.
        close: () => socket.terminate(),
        ping: () => socket.ping(),
        request: ({ body }) => socket.send(JSON.stringify(body), (error) => error && onError(error)),
      }),
    )
  })
}

/** Closes a socket. One that is still connecting is closed as soon as it is open. */
function close(client: Promise<SocketClient>): void {
  client.then(
    (opened) => opened.close(),
    () => {},
  )
}

/**
 * Subscribes to new heads until `signal` is aborted. Resolves then, or if the node refuses the subscription.
 * @throws Error if the socket fails or closes
 */
function subscribe(
  client: SocketClient,
  onBlock: (block: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let unsubscribe = () => {}
    client.request({
      body: { method: 'eth_subscribe', params: ['newHeads'] },
      onError(error) {
        // The signal lives as long as the process, and would keep every socket that failed.
        signal.removeEventListener('abort', unsubscribe)
        reject(error)
      },
      // Called for the reply, and then for each notification.
      onResponse(message) {
        if ('params' in message) return onBlock(message.params.result)
        if (message.error) return resolve()
        const body = { method: 'eth_unsubscribe', params: [message.result] }
        unsubscribe = () => {
          client.request({ body, onResponse() {} })
          resolve()
        }
        if (signal.aborted) unsubscribe()
        else signal.addEventListener('abort', unsubscribe, { once: true })
      },
    })
  })
}
