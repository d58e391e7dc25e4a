/**
 * Encodes frames of Server-Sent Events (WHATWG HTML, section 9.2.6 "Interpreting an event stream") and the
 * HTTP/1.1 chunks that carry them (RFC 9112, section 7.1).
 */

interface Frame {
  event?: string
  /**
   * any text; each line is sent as a separate `data:` field, so no text can end the frame or begin
   * another field
   */
  data?: string
  id?: number
  /** milliseconds before the client reconnects */
  retry?: number
}

/** Encodes a frame as text, with the blank line that ends it. */
export function encodeFrame({ event, data, id, retry }: Frame): string {
  let text = ''
  if (retry !== undefined) text += `retry: ${retry}\n`
  if (id !== undefined) text += `id: ${id}\n`
  if (event !== undefined) text += `event: ${event}\n`
  if (data !== undefined) for (const line of data.split(/\r\n|\n|\r/)) text += `data: ${line}\n`
  return `${text}\n`
}

/**
 * Encodes a text as one HTTP/1.1 chunk. It is encoded once for all clients; node:http would encode it for
 * each of them.
 */
export function encodeChunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
}

/** Returns a chunk, or its body for HTTP/1.0, which has no chunks. The body is a view, not a copy. */
export function bytesFor(chunked: boolean, chunk: Buffer): Buffer {
  return chunked ? chunk : chunk.subarray(chunk.indexOf('\n') + 1, -2)
}
