import { connect, type Socket } from 'node:net'

/**
 * Opens a stream on a bare socket. Calls `onBytes` with everything after the response headers and the
 * first frame.
 */
export function openSse(url: string, onBytes: (bytes: Buffer) => void): Promise<Socket> {
  const { hostname, port, pathname, search, host } = new URL(url)
  return new Promise((resolve, reject) => {
    let opened = false
    let answer = ''
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`${url} was closed: ${answer.slice(0, 300)}`)))
    socket.on('data', (bytes) => {
      if (opened) return onBytes(bytes)
      answer += bytes.toString('latin1')
      if (!answer.includes('event: connected')) return
      opened = true
      resolve(socket)
    })
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`)
  })
}
