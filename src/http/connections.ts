import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests under way when the server closes have so long to be answered. */
const LAST_ANSWERS_MS = 6_000

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
