/**
 * Framing of Server-Sent Events (WHATWG HTML, section 9.2.6 "Interpreting an event stream") and of the chunks of
 * HTTP/1.1 that carry them (RFC 9112, section 7.1).
 */

export interface Frame {
  event?: string
  /** put on one `data:` line for each of its lines, so that no text can end the frame or begin a field */
  data?: string
  id?: number
  /** milliseconds */
  retry?: number
}

/** A frame as text, blank line included. */
export function encodeFrame({ event, data, id, retry }: Frame): string {
  let text = ''
  if (retry !== undefined) text += `retry: ${retry}\n`
  if (id !== undefined) text += `id: ${id}\n`
  if (event !== undefined) text += `event: ${event}\n`
  if (data !== undefined) for (const line of data.split(/\r\n|\n|\r/)) text += `data: ${line}\n`
  return `${text}\n`
}

/** A text as one chunk of HTTP/1.1, made here once for all clients, and not by node:http for each of them. */
export function encodeChunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
}

/** What a chunk holds, for HTTP/1.0, which has no chunks; a view, not a copy. */
export function chunkBody(chunk: Buffer): Buffer {
  return chunk.subarray(chunk.indexOf('\n') + 1, -2)
}
