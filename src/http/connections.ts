import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Pipelined requests that one connection may have under way. Browsers and proxies send one or two. An answer that waits for
 * its client has up to 100 kB.
 */
const MAX_PIPELINED = 32

/** How long requests under way may take once the server closes. */
const LAST_ANSWERS_MS = 6_000

/**
 * Closes a connection if its client sends many requests without reading the answers. node:http reads on without a limit and
 * has no public way of backpressure: `socket.pause()` does not stop its parser.
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
 * Tracks the connections that would keep a closing server open. node:http closes idle connections only, and these are not idle:
 * those that never carried a request, which browsers and undici open in advance, and those with a request under way, which
 * would stay open for the keep-alive timeout after its answer.
 * @returns a function that ends the first kind at once and the second after the answer, and destroys all that are left after 6 s
 */
export function trackConnections(server: Server): () => void {
  const unused = new Set<Socket>()
  let closing = false
  // Handlers that use `this` are shared by all connections, of which there may be 10,000.
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
