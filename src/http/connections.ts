import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Maximum number of unanswered requests on one connection. Browsers and proxies send one or two. An answer
 * that its client has not read takes up to 100 kB.
 */
const MAX_PIPELINED = 32

/**
 * Milliseconds that unanswered requests may take after the server begins to close. Before them, the streams
 * may take 2 s, and after them the indexer's step 4 s and the database's connections 1 s. A shutdown may take
 * 10 s.
 */
const LAST_ANSWERS_MS = 3_000

/**
 * Closes a connection with more than {@link MAX_PIPELINED} unanswered requests. node:http keeps reading
 * without a limit and offers no public backpressure: `socket.pause()` does not stop its parser.
 */
export function limitPipelining(server: Server): void {
  const pending = new WeakMap<Socket, number>()
  server.on('request', ({ socket }, response) => {
    const count = (pending.get(socket) ?? 0) + 1
    pending.set(socket, count)
    if (count > MAX_PIPELINED) socket.destroy()
    else response.once('close', () => pending.set(socket, (pending.get(socket) ?? 1) - 1))
  })
}

/**
 * Tracks the connections that would keep a closing server open. node:http closes only idle connections. Two
 * kinds are not idle: those that never carried a request, which browsers and undici open in advance, and
 * those with an unanswered request, which would stay open for the keep-alive timeout after the answer.
 * @returns a function that ends the first kind at once and the second after the answer, and destroys those
 * left after 3 s
 */
export function trackConnections(server: Server): () => void {
  const unused = new Set<Socket>()
  let closing = false
  // All connections share these handlers, because there may be 10,000 of them.
  function connectionClosed(this: Socket): void {
    unused.delete(this)
  }
  function answered(this: { req: { socket: Socket } }): void {
    if (closing) this.req.socket.end()
  }
  server.on('connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', connectionClosed)
  })
  server.on('request', ({ socket }, response) => {
    unused.delete(socket)
    response.on('finish', answered)
  })
  return () => {
    closing = true
    for (const socket of unused) socket.destroy()
    const timer = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS)
    server.once('close', () => clearTimeout(timer))
  }
}
