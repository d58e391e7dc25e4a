import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'

/** The headers of a stream, by the public contract. */
const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  Connection: 'keep-alive',
  'X-Accel-Buffering': 'no',
  'Access-Control-Allow-Origin': '*',
}

/** How long a client may take to receive the end of its stream. */
export const END_MS = 2_000

/** Waits until the answers to the requests pipelined before this one are out. @returns false if the connection ended first */
export async function untilTurn(response: ServerResponse): Promise<boolean> {
  if (!response.socket)
    await new Promise<unknown>((resolve) => {
      response.once('socket', resolve)
      response.req.once('close', resolve)
    })
  return response.socket?.writable === true
}

/** Sends the headers of a stream. The body is written to the socket, past the response, since it is encoded as chunks already. */
export function startStream(response: ServerResponse): void {
  removeHookHeaders(response)
  response.writeHead(200, STREAM_HEADERS)
  response.flushHeaders()
}

/**
 * Sends a complete response with the headers of a stream: to HEAD, or as a refusal.
 * @param closing true if the server closes, so that the connection is to end too
 */
export function sendComplete(reply: FastifyReply, body?: string, closing = false): FastifyReply {
  reply.hijack()
  const response = reply.raw
  const { socket, shouldKeepAlive } = response
  removeHookHeaders(response)
  for (const [name, value] of Object.entries(STREAM_HEADERS)) response.setHeader(name, value)
  response.end(body)
  // Otherwise the connection stays open, as the headers say: the client may send its next request on it at any moment.
  if (socket && (closing || !shouldKeepAlive)) endConnection(socket)
  return reply
}

/** Ends a connection when its pending bytes are sent, or after 2 s. */
export function endConnection(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), END_MS)
  socket.once('close', () => clearTimeout(timer))
  socket.end()
}

/** Removes the headers that hooks set, since a stream has exactly those of the contract. */
function removeHookHeaders(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name)
}
