import { EventSource } from 'eventsource'
import { until } from './until.ts'

export interface StreamEvent<Data = Record<string, unknown>> {
  type: string
  /** The stream's last event id when the event came: '' where there was none yet. */
  id: string
  data: Data
}

export interface EventStream {
  /** Everything received, over reconnects too. */
  events: StreamEvent[]
  /** The events of these types. */
  of(...types: string[]): StreamEvent[]
  /** The first `connected` event, waited for. */
  readonly connected: Promise<StreamEvent>
  /** Every answer of the server to this client, refusals included; the last is the newest. */
  responses: { status: number; headers: Headers }[]
  /** What each request sent as Last-Event-ID. */
  sentLastEventIds: (string | null)[]
  /** `true` as long as the client tries to come back by itself. */
  alive(): boolean
  /** Waits for `n` events of job_* types in all, or for an event that matches; resolves with the n or with that one. */
  waitFor(what: number, options?: { timeout?: number }): Promise<StreamEvent[]>
  waitFor(what: (event: StreamEvent) => boolean, options?: { timeout?: number }): Promise<StreamEvent>
  close(): void
}

const types = ['connected', 'job_created', 'job_updated', 'job_removed', 'unavailable', 'ping', 'message']

/**
 * Subscribes with a real EventSource client.
 * @param lastEventId sent as the header from the first request on, as if this client had been here before.
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
      // Until the first event with an id; from then on the client sends its own.
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
  // Without a listener the client is silent about a fault too; `alive` and `responses` tell.
  source.addEventListener('error', () => {})

  const jobs = () => events.filter((event) => event.type.startsWith('job_'))
  const wait = async (
    find: () => StreamEvent | StreamEvent[] | undefined,
    message: string,
    timeout?: number,
  ) => {
    try {
      return await until(find, { message, ...(timeout === undefined ? {} : { timeout }) })
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
          () => (jobs().length >= what ? jobs().slice(0, what) : undefined),
          `${what} job events`,
          options.timeout,
        )
      : wait(() => events.find(what), `an event that matches ${what}`, options.timeout)
  }

  return {
    events,
    of: (...wanted) => events.filter((event) => wanted.includes(event.type)),
    get connected() {
      return waitFor((event) => event.type === 'connected')
    },
    responses,
    sentLastEventIds,
    alive: () => source.readyState !== EventSource.CLOSED,
    waitFor: waitFor as EventStream['waitFor'],
    close: () => source.close(),
  }
}
