import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'

const STREAM_HEADERS = new Map([
  ['Content-Type', 'text/event-stream'],
  ['Cache-Control', 'no-cache, no-transform'],
  ['Connection', 'keep-alive'],
  ['X-Accel-Buffering', 'no'],
  ['Access-Control-Allow-Origin', '*'],
])

/** Milliseconds that a client may take to receive the end of its stream. */
export const END_MS = 2_000

/**
 * Waits until the requests pipelined before this one are answered.
 * @returns false if the connection ended first
 */
export async function untilEarlierAnswered(response: ServerResponse): Promise<boolean> {
  if (!response.socket)
    await new Promise<unknown>((resolve) => {
      response.once('socket', resolve)
      response.req.once('close', resolve)
    })
  return response.socket?.writable === true
}

/** Sets exactly the headers of a stream: those that fastify's hooks set are removed. */
export function setStreamHeaders(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.setHeaders(STREAM_HEADERS)
}

/**
 * Sends a complete response with the headers of a stream: to HEAD, or as a refusal.
 * @param closing true if the server is shutting down: the connection is then ended too
 */
export function sendComplete(reply: FastifyReply, body?: string, closing = false): FastifyReply {
  reply.hijack()
  const response = reply.raw
  const { socket, shouldKeepAlive } = response
  setStreamHeaders(response)
  response.end(body)
  // A connection that the client keeps alive stays open, because it may already have sent its next request.
  if (socket && (closing || !shouldKeepAlive)) endConnection(socket)
  return reply
}

/** Ends a connection when its pending bytes are sent, or after 2 s. */
export function endConnection(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), END_MS)
  socket.once('close', () => clearTimeout(timer))
  socket.end()
}
