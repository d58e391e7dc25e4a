import type { EventData, EventType } from '../events.ts'
import { connect } from './connection.ts'
import {
  address,
  backoff,
  filterQuery,
  isTransient,
  JobcastError,
  pause,
  type RequestOptions,
  requestHeaders,
} from './request.ts'

/**
 * One event of the stream, told apart by `type`. `id` is the position in the feed after it: keep it and give
 * it back as `lastEventId` to go on from there. An `unavailable` moves nothing: it has the last id known, or ''.
 */
export type StreamEvent = { [T in EventType]: { type: T; id: string; data: EventData[T] } }[EventType]

export interface SubscribeOptions extends RequestOptions {
  /** Which job events to receive; default both. The connection's own events always come. */
  types?: readonly ('job_created' | 'job_removed')[] | undefined
  /** Go on after this event instead of starting now. */
  lastEventId?: string | undefined
  /**
   * Milliseconds without a byte after which a connection counts as dead and is replaced. The default, 75 s, is
   * 2.5 times the server's default keepalive.
   */
  idleTimeout?: number | undefined
  /** Told each time the connection is gone, with the wait in milliseconds until the next attempt. */
  onDisconnect?: ((info: { error: unknown; delay: number }) => void) | undefined
}

// What EventSource uses until the server says `retry:`.
const DEFAULT_RETRY = 3000
const DEFAULT_IDLE_TIMEOUT = 75_000
const EVENT_TYPES: readonly string[] = [
  'connected',
  'job_created',
  'job_removed',
  'unavailable',
  'ping',
] satisfies EventType[]

/**
 * The live stream of the server at `url` (its base, such as `http://localhost:3000`). It never ends by itself:
 * a lost connection is replaced, after the wait the server asks for, and goes on where the last one stopped.
 * Where that was too long ago, the next `connected` says `resumed: false`; `follow` closes such a gap.
 *
 * Leave the loop or abort `signal` to close it; both end the iteration without an error.
 * @throws JobcastError where the server refuses the request for good (400, 401, …), with its message.
 */
export async function* subscribe(
  url: string | URL,
  options: SubscribeOptions = {},
): AsyncGenerator<StreamEvent, void, undefined> {
  const { signal, idleTimeout = DEFAULT_IDLE_TIMEOUT } = options
  const types = options.types && [...options.types, 'connected', 'unavailable', 'ping']
  const target = address(url, 'api/v1/events', { ...filterQuery(options.filter), types })
  const headers = requestHeaders('text/event-stream', options.apiKey)
  let lastEventId = options.lastEventId ?? ''
  let retry = DEFAULT_RETRY
  let failures = 0
  const onRetry = (ms: number) => {
    retry = ms
  }

  while (!signal?.aborted) {
    let failure: unknown
    if (lastEventId !== '') headers.set('last-event-id', lastEventId)
    try {
      for await (const message of connect(target, { headers, idleTimeout, signal, onRetry })) {
        if (signal?.aborted) return
        lastEventId = message.id ?? lastEventId
        const event = read(message.event, lastEventId, message.data)
        if (event === undefined) continue
        failures = 0
        yield event
      }
    } catch (error) {
      if (signal?.aborted) return
      if (!isTransient(error)) throw error
      failures++
      failure = error
    }
    if (signal?.aborted) return
    const delay = backoff(retry, failures, failure)
    options.onDisconnect?.({ error: failure, delay })
    await pause(delay, signal)
  }
}

/** An event this client does not know is a newer server's, and passed over. */
function read(type: string | undefined, id: string, data: string): StreamEvent | undefined {
  if (type === undefined || !EVENT_TYPES.includes(type)) return undefined
  try {
    return { type, id, data: JSON.parse(data) } as StreamEvent
  } catch {
    throw new JobcastError(
      200,
      'NOT_A_STREAM',
      `the data of a ${type} event is not JSON: ${data.slice(0, 80)}`,
    )
  }
}

export interface ListenOptions extends SubscribeOptions {
  onEvent: (event: StreamEvent) => void
  /** Told once, when the server refuses for good or `onEvent` throws; the stream is closed then. */
  onError: (error: unknown) => void
}

/** {@link subscribe} for callbacks. @returns a function that closes the stream. */
export function listen(url: string | URL, options: ListenOptions): () => void {
  const own = new AbortController()
  const stop = () => own.abort()
  if (options.signal?.aborted) stop()
  options.signal?.addEventListener('abort', stop, { once: true })
  const run = async () => {
    for await (const event of subscribe(url, { ...options, signal: own.signal })) options.onEvent(event)
  }
  run()
    .catch(options.onError)
    .finally(() => options.signal?.removeEventListener('abort', stop))
  return stop
}
