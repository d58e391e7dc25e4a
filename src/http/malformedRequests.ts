import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { errorBody, sendError } from './errors.ts'

/** Status line and message of the answer, by the code of node:http's error. */
const answers: Record<string, [status: string, message: string]> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long to arrive'],
}

/**
 * Answers a request that node:http cannot parse or that takes too long to arrive, and closes the connection.
 * If the connection has carried an answer before, that answer may be incomplete. A second answer would end up
 * inside it, so none is sent.
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

/**
 * Refuses what node:http parses and HTTP forbids: a request of HTTP/1.1 without Host, and `*` as the path of
 * another method than OPTIONS (RFC 9112, sections 3.2 and 3.2.4). An unknown Expect header is ignored (RFC
 * 9110, section 10.1.1).
 */
export function refuseMalformedRequests(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw: { httpVersion, headers, url, method } }, reply, done) => {
    if (httpVersion === '1.1' && headers.host === undefined)
      sendError(reply, 'BAD_REQUEST', 'the header Host is missing')
    else if (url === '*' && method !== 'OPTIONS')
      sendError(reply, 'BAD_REQUEST', 'the path * is for OPTIONS only')
    else done()
  })
  // Without a listener, node:http answers 417 with no body.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
}
