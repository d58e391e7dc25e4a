import type { Socket } from 'node:net'
import { errorBody } from './errors.ts'

/** Status and message by the code of node:http's error. */
const answers: Record<string, [status: string, message: string]> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long to arrive'],
}

/**
 * Answers bytes that node:http cannot parse as a request, and closes the connection. If the connection has carried an answer
 * before, that one may still be under way. A second one would end up inside it, so none is sent.
 */
export function answerMalformedRequest({ code = '' }: Error & { code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const [status, message] = answers[code] ?? ['400 Bad Request', 'the request is not HTTP']
  const body = JSON.stringify(errorBody('BAD_REQUEST', message))
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}
