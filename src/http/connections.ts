import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Maximum number of unanswered requests on one connection. Browsers and proxies send one or two. An answer
 * that its client has not read takes up to 100 kB.
 */
const MAX_PIPELINED = 32

/**
 * Milliseconds that unanswered requests may take after the streams have ended. The whole shutdown may
 * take 10 s (cli/closeOnSignal.ts).
 */
const LAST_ANSWERS_MS = 2_000

/**
 * Closes a connection with more than {@link MAX_PIPELINED} unanswered requests. node:http keeps reading
 * without a limit and offers no public backpressure: `socket.pause()` does not stop its parser.
 *
 * Also tracks the connections that would keep a closing server open. node:http closes only idle connections.
 * Two kinds are not idle: those that never carried a request, which browsers and undici open in advance, and
 * those with an unanswered request, which would stay open for the keep-alive timeout after the answer.
 * @returns a function for the shutdown: it destroys connections without a request at once, ends each busy one
 * after its last answer, and destroys the rest after 2 s
 */
export function watchConnections(server: Server): () => void {
  /** the unanswered requests of the connections that are not idle; 0 for those that never carried one */
  const unanswered = new Map<Socket, number>()
  let closing = false
  // All connections and all answers share these handlers, because there may be 10,000 of them.
  function connectionClosed(this: Socket): void {
    unanswered.delete(this)
  }
  function answered(this: ServerResponse): void {
    const { socket } = this.req
    const left = (unanswered.get(socket) ?? 1) - 1
    if (left > 0) return void unanswered.set(socket, left)
    unanswered.delete(socket)
    if (closing) socket.end()
  }
  server.on('connection', (socket: Socket) => {
    unanswered.set(socket, 0)
    socket.once('close', connectionClosed)
  })
  server.on('request', ({ socket }, response) => {
    const count = (unanswered.get(socket) ?? 0) + 1
    unanswered.set(socket, count)
    if (count > MAX_PIPELINED) socket.destroy()
    else response.once('close', answered)
  })
  return () => {
    closing = true
    for (const [socket, count] of unanswered) if (count === 0) socket.destroy()
    const timer = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS)
    server.once('close', () => clearTimeout(timer))
  }
}
