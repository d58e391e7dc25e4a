import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests that one connection may have under way by pipelining; browsers and proxies send one or two. */
const PIPELINED = 256

/** Requests under way when the server closes have so long to be answered. */
const LAST_ANSWERS_MS = 6_000

/**
 * Ends connections whose client sends request after request and reads no answers. node:http itself reads on for ever, and
 * has no public way to hold back: `socket.pause()` does not stop its parser.
 */
export function limitPipelining(server: Server): void {
  const pending = new WeakMap<Socket, number>()
  server.on('request', ({ socket }, response) => {
    const count = (pending.get(socket) ?? 0) + 1
    pending.set(socket, count)
    if (count > PIPELINED) socket.destroy()
    else response.once('close', () => pending.set(socket, (pending.get(socket) ?? 1) - 1))
  })
}

/**
 * Watches the connections that node:http would wait for when it closes. Browsers and undici open some ahead of need,
 * and one that never sent a request does not count as idle; nor does one whose answer is on its way, and that then
 * stays open for the keep-alive timeout.
 * @returns a function that ends the first at once, the second after their answers, and whatever is left after a while
 */
export function watchConnections(server: Server): () => void {
  const unused = new Set<Socket>()
  let closing = false
  function forget(this: Socket): void {
    unused.delete(this)
  }
  function answered(this: ServerResponse): void {
    if (closing) this.req.socket.end()
  }
  server.on('connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', forget)
  })
  server.on('request', ({ socket }, response) => {
    unused.delete(socket)
    response.on('finish', answered)
  })
  return () => {
    closing = true
    for (const socket of unused) socket.destroy()
    const late = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS)
    server.once('close', () => clearTimeout(late))
  }
}
