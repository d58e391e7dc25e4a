/**
 * HTTP load: keep-alive connections, each from an address of its own, as clients have. Each sends its next
 * request when it has the answer, or after a pause.
 */
import { connect } from 'node:net'
import { answer } from '../child.ts'

export interface RequestLoad {
  /** each connection requests one of them */
  urls: string[]
  /** at most 254 */
  connections: number
  ms: number
  /** pause of a connection between answer and next request */
  pauseMs?: number
}

export interface RequestTimes {
  /** milliseconds of each request */
  times: number[]
  seconds: number
}

answer({ run })

async function run(load: RequestLoad): Promise<RequestTimes> {
  const times: number[] = []
  const start = performance.now()
  await Promise.all(
    Array.from({ length: load.connections }, (_, i) =>
      client(load.urls[i % load.urls.length] as string, load, `127.0.1.${i + 1}`, start + load.ms, times),
    ),
  )
  return { times, seconds: (performance.now() - start) / 1000 }
}

function client(
  url: string,
  { pauseMs = 0 }: RequestLoad,
  localAddress: string,
  end: number,
  times: number[],
): Promise<void> {
  const { hostname, port, pathname, search, host } = new URL(url)
  const request = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), localAddress, noDelay: true })
    let sentAt = 0
    let missing = 0
    let head = ''
    const ask = () => {
      sentAt = performance.now()
      socket.write(request)
    }
    socket.once('connect', ask)
    socket.once('error', reject)
    socket.on('data', (bytes) => {
      if (missing > 0) missing -= bytes.length
      else {
        head += bytes.toString('latin1')
        const at = head.indexOf('\r\n\r\n')
        if (at < 0) return
        if (!head.startsWith('HTTP/1.1 200')) return reject(new Error(head))
        const length = /^content-length: (\d+)/im.exec(head)?.[1]
        if (length === undefined) return reject(new Error(`no Content-Length: ${head}`))
        missing = Number(length) - (head.length - at - 4)
        head = ''
      }
      if (missing > 0) return
      times.push(performance.now() - sentAt)
      if (performance.now() > end) {
        socket.destroy()
        resolve()
      } else if (pauseMs > 0) setTimeout(ask, pauseMs)
      else ask()
    })
  })
}
