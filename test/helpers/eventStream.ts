import { EventSource } from 'eventsource'
import { until } from './until.ts'

export interface StreamEvent {
  type: string
  /** The stream's last event id when the event arrived; '' if there was none yet. */
  id: string
  data: Record<string, unknown>
}

export interface EventStream {
  /** All events received, over all connections. */
  events: StreamEvent[]
  /** The received events of these types. */
  of(...types: string[]): StreamEvent[]
  /** The received events of jobs: created, updated and removed. */
  jobEvents(): StreamEvent[]
  /** Resolves with the first `connected` event. */
  readonly connected: Promise<StreamEvent>
  /** Every response of the server to this client, refusals included, oldest first. */
  responses: { status: number; headers: Headers }[]
  /** The Last-Event-ID header of each request. */
  sentLastEventIds: (string | null)[]
  /** False once the client has given up reconnecting. */
  alive(): boolean
  /**
   * Waits until there are `what` job events in all, or an event that matches. Resolves with the first `what`
   * of them, or with that event.
   */
  waitFor(what: number, options?: { timeout?: number }): Promise<StreamEvent[]>
  waitFor(what: (event: StreamEvent) => boolean, options?: { timeout?: number }): Promise<StreamEvent>
  close(): void
}

const types = ['connected', 'job_created', 'job_updated', 'job_removed', 'unavailable', 'ping', 'message']

/**
 * Subscribes with a real EventSource client.
 * @param lastEventId sent as the Last-Event-ID header from the first request on, as by a client that was
 * connected before
 */
export function openStream(
  url: string,
  { headers = {}, lastEventId }: { headers?: Record<string, string>; lastEventId?: string } = {},
): EventStream {
  const events: StreamEvent[] = []
  const responses: EventStream['responses'] = []
  const sentLastEventIds: EventStream['sentLastEventIds'] = []
  const source = new EventSource(url, {
    fetch: async (input, init) => {
      const sent = new Headers({ ...init.headers, ...headers })
      // After the first event with an id, EventSource sends the header itself.
      if (lastEventId !== undefined && !sent.has('last-event-id')) sent.set('last-event-id', lastEventId)
      sentLastEventIds.push(sent.get('last-event-id'))
      const response = await fetch(input, { ...init, headers: sent })
      responses.push({ status: response.status, headers: response.headers })
      return response
    },
  })
  for (const type of types)
    source.addEventListener(type, (event) => {
      events.push({ type, id: event.lastEventId, data: JSON.parse(event.data) })
    })
  // Errors need no handling here: tests read `alive` and `responses`.
  source.addEventListener('error', () => {})

  const jobEvents = () => events.filter((event) => event.type.startsWith('job_'))
  const wait = async (
    find: () => StreamEvent | StreamEvent[] | undefined,
    message: string,
    options: { timeout?: number },
  ) => {
    try {
      return await until(find, { ...options, message })
    } catch (error) {
      const seen = events.slice(-10).map(({ type, id }) => `${type} ${id}`)
      throw new Error(`${(error as Error).message}; ${events.length} events, the last: ${seen.join(', ')}`)
    }
  }
  function waitFor(what: number, options?: { timeout?: number }): Promise<StreamEvent[]>
  function waitFor(
    what: (event: StreamEvent) => boolean,
    options?: { timeout?: number },
  ): Promise<StreamEvent>
  function waitFor(what: number | ((event: StreamEvent) => boolean), options: { timeout?: number } = {}) {
    return typeof what === 'number'
      ? wait(
          () => (jobEvents().length >= what ? jobEvents().slice(0, what) : undefined),
          `${what} job events`,
          options,
        )
      : wait(() => events.find(what), `an event that matches ${what}`, options)
  }

  return {
    events,
    of: (...wanted) => events.filter((event) => wanted.includes(event.type)),
    jobEvents,
    get connected() {
      return waitFor((event) => event.type === 'connected')
    },
    responses,
    sentLastEventIds,
    alive: () => source.readyState !== EventSource.CLOSED,
    waitFor,
    close: () => source.close(),
  }
}
