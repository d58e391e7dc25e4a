import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP load balancer: a new connection goes to the first server that accepts it. */
interface Balancer {
  url: string
  stop(): Promise<void>
}

export async function startBalancer(urls: string[]): Promise<Balancer> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    track(client)
    forward(client, [...urls])
  })
  function track(socket: Socket): void {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  }
  function forward(client: Socket, [url, ...others]: string[]): void {
    if (url === undefined) {
      client.destroy()
      return
    }
    const { hostname, port } = new URL(url)
    const upstream = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    const onRefused = () => forward(client, others)
    upstream.once('error', onRefused)
    upstream.once('connect', () => {
      upstream.off('error', onRefused)
      track(upstream)
      client.pipe(upstream).pipe(client)
      client.on('close', () => upstream.destroy())
      upstream.on('close', () => client.destroySoon())
    })
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
