import { keyedUrl } from './api.js'
import { createBackoff } from './retry.js'

const EVENTS = ['connected', 'ping', 'job_created', 'job_updated', 'job_removed']
/**
 * Longest time from opening a stream, or from its failure, to an answer. It includes the browser's wait before it
 * reconnects: at most 60 s, the longest `retry` that the server sends.
 */
const CONNECT_LIMIT_MS = 90_000

/**
 * Holds a subscription until `close()`. It starts after `lastEventId`; if that is undefined, it gets no past
 * events. EventSource reconnects by itself after a lost connection. It gives up after any answer other than
 * 200, and it does not notice a dead socket. In both cases the stream is opened again here. A socket is
 * considered dead if nothing has arrived for two ping intervals and 10 s, if a connection is not answered, or
 * when the browser comes back online.
 *
 * - `onState('connecting' | 'live' | 'lost' | 'refused', detail?)`; `refused` carries
 *   `{ reason, retryAfter }`
 * - `onEvent(type, data, id)` for `connected`, `ping`, `job_created`, `job_updated` and `job_removed`
 */
export function openStream({ filters, lastEventId, keepaliveSeconds, onState, onEvent }) {
  const limits = {
    [EventSource.CONNECTING]: CONNECT_LIMIT_MS,
    [EventSource.OPEN]: (2 * keepaliveSeconds + 10) * 1000,
  }
  const backoff = createBackoff()
  let source
  let timer
  let position = lastEventId
  let refusal
  let activeAt // when the latest connection was opened, was accepted, sent something or failed

  const markActive = () => {
    activeAt = Date.now()
  }

  const open = () => {
    markActive()
    const start = position === undefined ? [] : [['lastEventId', position]]
    source = new EventSource(keyedUrl('events', [...filters, ...start]))
    for (const type of EVENTS) source.addEventListener(type, (event) => receive(type, event))
    source.addEventListener('unavailable', (event) => {
      refusal = JSON.parse(event.data)
    })
    source.addEventListener('open', markActive)
    source.addEventListener('error', onError)
  }

  const receive = (type, event) => {
    const data = JSON.parse(event.data)
    markActive()
    backoff.reset()
    position = event.lastEventId
    if (type === 'connected') onState('live')
    onEvent(type, data, event.lastEventId)
  }

  const onError = () => {
    markActive()
    // A refusal ends its response. The browser reconnects by itself, after the delay that the server set.
    onState(refusal ? 'refused' : 'lost', refusal)
    refusal = undefined
    if (source.readyState === EventSource.CLOSED) reopen(backoff.next())
  }

  const reopen = (delay) => {
    source.close()
    clearTimeout(timer)
    timer = setTimeout(open, delay)
  }

  const replaceDeadSocket = () => {
    onState('lost')
    reopen(0)
  }

  const watchdog = setInterval(() => {
    // A closed stream has no limit: it is opened again after a delay.
    if (Date.now() - activeAt >= limits[source.readyState]) replaceDeadSocket()
  }, 1000)
  addEventListener('online', replaceDeadSocket)

  onState('connecting')
  open()
  return {
    get isOpen() {
      return source.readyState === EventSource.OPEN
    },

    close() {
      removeEventListener('online', replaceDeadSocket)
      clearInterval(watchdog)
      clearTimeout(timer)
      source.close()
    },
  }
}
