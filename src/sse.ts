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

/**
 * Bytes for a client: as one chunk of HTTP/1.1, or plain for HTTP/1.0, which has no chunks.
 * The chunk is made here, once for all clients, and not by node:http for each of them.
 */
export function encodeBody(text: string, chunked: boolean): Buffer {
  const body = Buffer.from(text)
  if (!chunked) return body
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')])
}
