import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { JobcastError, refusal } from './request.ts'

export interface ConnectionOptions {
  headers: Headers
  /** milliseconds without a byte after which the connection counts as dead */
  idleTimeout: number
  signal: AbortSignal | undefined
  /** the server's `retry:`, in milliseconds */
  onRetry: (ms: number) => void
}

// The largest frame is a job, below 1 KB: a peer that never ends one is no Jobcast.
const LARGEST_FRAME = 1 << 20

/**
 * One connection to the stream: its frames until the server ends it. Nothing is read ahead of the consumer,
 * so a slow one is felt by the server (which may cut it) and not by this process's memory.
 * @throws JobcastError where the server refuses; any other error where the connection fails, falls silent or
 * is aborted.
 */
export async function* connect(url: URL, options: ConnectionOptions): AsyncGenerator<EventSourceMessage> {
  const { idleTimeout, signal } = options
  const connection = new AbortController()
  const abort = () => connection.abort(signal?.reason)
  signal?.throwIfAborted()
  signal?.addEventListener('abort', abort, { once: true })

  // The clock runs while we wait for the server, not while the consumer works.
  const watched = <T>(work: Promise<T>): Promise<T> => {
    const silence = () => connection.abort(new Error(`no byte from ${url.origin} in ${idleTimeout} ms`))
    const timer = setTimeout(silence, idleTimeout)
    return work.finally(() => clearTimeout(timer))
  }

  try {
    const { headers } = options
    const response = await watched(fetch(url, { headers, signal: connection.signal, cache: 'no-store' }))
    if (!response.ok) throw await watched(refusal(response))
    const type = response.headers.get('content-type') ?? 'nothing'
    if (!type.startsWith('text/event-stream') || response.body === null)
      throw new JobcastError(
        response.status,
        'NOT_A_STREAM',
        `${url.origin} answered with ${type}, not events`,
      )

    const messages: EventSourceMessage[] = []
    const parser = createParser({
      onEvent: (message) => messages.push(message),
      onRetry: options.onRetry,
      maxBufferSize: LARGEST_FRAME,
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
