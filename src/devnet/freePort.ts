import { createServer } from 'node:net'

const ATTEMPTS = 100

/** The first port from `preferred` on that nothing listens on, on this machine's name or any of its addresses. */
export async function nextFreePort(preferred: number): Promise<number> {
  for (let port = preferred; port < preferred + ATTEMPTS && port <= 65_535; port++)
    if ((await canListen(port)) && (await canListen(port, '127.0.0.1'))) return port
  throw new Error(`no free port from ${preferred} on`)
}

/** A port that nothing listens on, chosen by the system. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function canListen(port: number, host?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .once('listening', () => server.close(() => resolve(true)))
    server.listen({ port, ...(host === undefined ? {} : { host }) })
  })
}
