import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy that can be interrupted. */
export interface TcpProxy {
  port: number
  connections(): number
  /**
   * `refuse`: stops listening and cuts open connections. `hang`: keeps open connections but forwards nothing.
   */
  down(how: 'refuse' | 'hang'): Promise<void>
  /** Forwards new connections again. Those that hung stay silent, as after a network failover. */
  up(): Promise<void>
  stop(): Promise<void>
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let hanging = false
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    keep(client)
    if (hanging) return
    const upstream = connect(target, '127.0.0.1')
    keep(upstream)
    client.pipe(upstream).pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  const listen = (port: number) =>
    new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    port,
    connections: () => sockets.size,
    async down(how) {
      if (how === 'refuse') return close()
      hanging = true
      for (const socket of sockets) {
        socket.unpipe()
        socket.pause()
      }
    },
    async up() {
      hanging = false
      if (!server.listening) await listen(port)
    },
    stop: close,
  }
}
