import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesFor, encodeChunk, encodeFrame } from '../src/feed/frames.ts'

function parse(text: string) {
  const events: EventSourceMessage[] = []
  const retries: number[] = []
  const comments: string[] = []
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onRetry: (ms) => retries.push(ms),
    onComment: (comment) => comments.push(comment),
  })
  parser.feed(text)
  return { events, retries, comments }
}

/** Random text that often contains characters which could break a frame. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\r', '\n', '\r\n', '\n\n', '\0', '\uFEFF', ':', 'id: 1', 'event: x', '🦊'),
    ),
  )
  .map((parts) => parts.join(''))

describe('a frame', () => {
  // WHATWG HTML 9.2.6: "data" appends the value and a line feed; a frame is dispatched at its blank line.
  it('carries any text as one event, with line ends normalized to LF', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), (data, id) => {
        const { events, retries, comments } = parse(encodeFrame({ id, event: 'job_created', data, retry: 5 }))
        expect(events).toEqual([
          { id: String(id), event: 'job_created', data: data.replace(/\r\n|\r/g, '\n') },
        ])
        expect(retries).toEqual([5])
        expect(comments).toEqual([])
      }),
    )
  })

  // WHATWG HTML 9.2.6: an empty data buffer dispatches nothing.
  it('with only a retry dispatches no event', () => {
    expect(parse(encodeFrame({ retry: 1234 }))).toEqual({ events: [], retries: [1234], comments: [] })
  })
})

describe('a chunk', () => {
  // RFC 9112 7.1: the size in hex, CRLF, that many octets, CRLF.
  it('has its size in bytes, and its body is the encoded text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const chunk = encodeChunk(text)
        const body = Buffer.from(text)
        expect(chunk).toEqual(
          Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]),
        )
        expect(bytesFor(false, chunk)).toEqual(body)
      }),
    )
  })
})
