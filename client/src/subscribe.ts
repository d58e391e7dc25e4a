import { connect } from './connection.ts'
import type { EventType, JobEventType, StreamEvent } from './events.ts'
import type { Job, JobBase } from './job.ts'
import { apiUrl, isTransient, JobcastError, type RequestOptions, requestHeaders } from './request.ts'
import { backoff, pause } from './retry.ts'

/** Options of every function that holds a stream. */
export interface StreamOptions extends RequestOptions {
  /**
   * Milliseconds without a byte after which a connection counts as dead and is replaced. The default is 75 s:
   * a server sends a ping after at most 60 s of silence.
   */
  idleTimeout?: number | undefined
}

export interface SubscribeOptions extends StreamOptions {
  /** Job events to receive; all by default. `connected`, `ping` and `unavailable` always come. */
  types?: readonly JobEventType[] | undefined
  /** Continue after this event instead of starting now. */
  lastEventId?: string | undefined
}

/** Milliseconds before a reconnect, unless the server has set another delay by `retry:`. */
const DEFAULT_RETRY = 3000
export const DEFAULT_IDLE_TIMEOUT = 75_000
const EVENT_TYPES: readonly string[] = [
  'connected',
  'job_created',
  'job_updated',
  'job_removed',
  'unavailable',
  'ping',
] satisfies EventType[]

/**
 * Yields the live events of the server at `url` (its base, such as `http://localhost:3000`), without end. A
 * lost connection is replaced after the delay that the server asks for, and continues after the last event.
 * If the server no longer keeps the events since then, the next `connected` has `resumed: false`: there is a
 * gap. `follow` and `mirror` close it.
 *
 * With a filter, an update is sent if the job matches before or after it.
 *
 * Leave the loop or abort `signal` to close the stream. Both end the iteration without an error.
 * @throws JobcastError with the server's message if it refuses permanently (400, 401, …)
 */
export async function* subscribe<J extends JobBase = Job>(
  url: string | URL,
  options: SubscribeOptions = {},
): AsyncGenerator<StreamEvent<J>, void, undefined> {
  const { signal, idleTimeout = DEFAULT_IDLE_TIMEOUT } = options
  const types = options.types && [...options.types, 'connected', 'unavailable', 'ping']
  const target = apiUrl(url, 'api/v1/events', types ? { ...options.filter, types } : options.filter)
  const headers = requestHeaders('text/event-stream', options.apiKey)
  let lastEventId = options.lastEventId ?? ''
  let retryTime = DEFAULT_RETRY
  let failures = 0
  const onRetryTime = (ms: number) => {
    retryTime = ms
  }

  while (!signal?.aborted) {
    let failure: unknown
    if (lastEventId !== '') headers.set('last-event-id', lastEventId)
    try {
      for await (const message of connect(target, { headers, idleTimeout, signal, onRetryTime })) {
        if (signal?.aborted) return
        lastEventId = message.id ?? lastEventId
        const event = parseEvent<J>(message.event, lastEventId, message.data)
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
    const delay = backoff(retryTime, failures, failure)
    options.onRetry?.({ error: failure, delay })
    await pause(delay, signal)
  }
}

/**
 * Parses an event; undefined for a type that only a newer server knows.
 * @throws JobcastError if the data is not JSON
 */
function parseEvent<J extends JobBase>(
  type: string | undefined,
  id: string,
  data: string,
): StreamEvent<J> | undefined {
  if (type === undefined || !EVENT_TYPES.includes(type)) return undefined
  try {
    return { type, id, data: JSON.parse(data) } as StreamEvent<J>
  } catch {
    throw new JobcastError(
      200,
      'NOT_A_STREAM',
      `the data of a ${type} event is not JSON: ${data.slice(0, 80)}`,
    )
  }
}

export interface ListenOptions<J extends JobBase = Job> extends SubscribeOptions {
  onEvent: (event: StreamEvent<J>) => void
  /**
   * Called once: if the URL or the key is not valid, if the server refuses permanently, or if `onEvent` throws.
   * The stream is then closed.
   */
  onError: (error: unknown) => void
}

/** Calls `onEvent` with each event of {@link subscribe}. @returns a function that closes the stream */
export function listen<J extends JobBase = Job>(url: string | URL, options: ListenOptions<J>): () => void {
  const own = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, own.signal]) : own.signal
  const run = async () => {
    for await (const event of subscribe<J>(url, { ...options, signal })) options.onEvent(event)
  }
  run().catch(options.onError)
  return () => own.abort()
}
