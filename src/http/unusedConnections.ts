import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Browsers and undici open connections ahead of need. node:http does not count one that never sent a request as idle,
 * and a server that closes would wait for it until the client gives up.
 * @returns a function that ends the connections no request came on
 */
export function watchUnusedConnections(server: Server): () => void {
  const unused = new Set<Socket>()
  function forget(this: Socket): void {
    unused.delete(this)
  }
  server.on('connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', forget)
  })
  server.on('request', ({ socket }) => unused.delete(socket))
  return () => {
    for (const socket of unused) socket.destroy()
  }
}
