import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { errorOf, JobcastError } from './request.ts'
import { LONGEST_TIMER } from './retry.ts'

interface ConnectionOptions {
  headers: Headers
  /** milliseconds without a byte after which the connection counts as dead */
  idleTimeout: number
  signal: AbortSignal | undefined
  /** called with the server's `retry:`, in milliseconds */
  onRetryTime: (ms: number) => void
}

/**
 * Maximum characters of a frame: room for some 60 plain texts of a job, which Jobcast cuts at 16,384 characters
 * each. It bounds the memory that any other server can take.
 */
const LARGEST_FRAME = 1 << 20

/**
 * Yields the frames of one connection until the server ends it. Nothing is read ahead of the consumer, so a
 * slow consumer costs no memory here. The server may end the connection of a slow consumer.
 * @throws JobcastError if the server refuses; any other error if the connection fails, falls silent or
 * is aborted
 */
export async function* connect(url: URL, options: ConnectionOptions): AsyncGenerator<EventSourceMessage> {
  const { headers, idleTimeout, signal, onRetryTime } = options
  const connection = new AbortController()
  const abort = () => connection.abort(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })

  // Measures only the time spent waiting for the server, not the consumer's work.
  const watched = <T>(work: Promise<T>): Promise<T> => {
    const silence = () => connection.abort(new Error(`no byte from ${url.origin} in ${idleTimeout} ms`))
    const timer = setTimeout(silence, Math.min(idleTimeout, LONGEST_TIMER))
    return work.finally(() => clearTimeout(timer))
  }

  try {
    const response = await watched(fetch(url, { headers, signal: connection.signal, cache: 'no-store' }))
    if (!response.ok) throw await watched(errorOf(response))
    const contentType = response.headers.get('content-type') ?? 'nothing'
    if (!contentType.startsWith('text/event-stream') || response.body === null)
      throw new JobcastError(
        response.status,
        'NOT_A_STREAM',
        `${url.origin} answered with ${contentType}, not events: it may not be the base URL of a Jobcast server`,
      )

    const messages: EventSourceMessage[] = []
    const parser = createParser({
      onEvent: (message) => messages.push(message),
      onRetry: onRetryTime,
      maxBufferSize: LARGEST_FRAME,
      onError({ type }) {
        // Not repeated: the server would send the same frame again.
        if (type === 'max-buffer-size-exceeded')
          throw new JobcastError(
            response.status,
            'FRAME_TOO_LARGE',
            `${url.origin} sent an event of more than ${LARGEST_FRAME} characters`,
          )
      },
    })
    const reader = response.body.getReader()
    const decoder = new TextDecoder()
    for (;;) {
      const { done, value } = await watched(reader.read())
      if (done) return
      parser.feed(decoder.decode(value, { stream: true }))
      yield* messages.splice(0)
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    connection.abort()
  }
}
