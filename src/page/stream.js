import { keyedUrl } from './api.js'
import { createBackoff } from './retry.js'

const EVENTS = ['connected', 'ping', 'job_created', 'job_updated', 'job_removed']

/**
 * Holds a subscription until `close()`. It starts after `lastEventId`; if that is undefined, it gets no past
 * events. EventSource reconnects by itself after a lost connection. It gives up after any answer other than
 * 200, and it does not notice a dead socket. In both cases the stream is opened again here. A socket is
 * considered dead if nothing has arrived for two ping intervals and 10 s, or when the browser comes back
 * online.
 *
 * - `onState('connecting' | 'live' | 'lost' | 'refused', detail?)`; `refused` carries
 *   `{ reason, retryAfter }`
 * - `onEvent(type, data, id)` for `connected`, `ping`, `job_created`, `job_updated` and `job_removed`
 */
export function openStream({ filters, lastEventId, keepaliveSeconds, onState, onEvent }) {
  const silenceLimitMs = (2 * keepaliveSeconds + 10) * 1000
  const backoff = createBackoff()
  let source
  let timer
  let position = lastEventId
  let refusal
  let heardAt

  const open = () => {
    heardAt = Date.now()
    const start = position === undefined ? [] : [['lastEventId', position]]
    source = new EventSource(keyedUrl('events', [...filters, ...start]))
    for (const type of EVENTS) source.addEventListener(type, (event) => receive(type, event))
    source.addEventListener('unavailable', (event) => {
      refusal = JSON.parse(event.data)
    })
    source.addEventListener('error', onError)
  }

  const receive = (type, event) => {
    const data = JSON.parse(event.data)
    heardAt = Date.now()
    backoff.reset()
    refusal = undefined
    position = event.lastEventId
    if (type === 'connected') onState('live')
    onEvent(type, data, event.lastEventId)
  }

  const onError = () => {
    // A refusal ends its response. The browser reconnects by itself, after the delay that the server set.
    onState(refusal ? 'refused' : 'lost', refusal)
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
    const isSilent = Date.now() - heardAt >= silenceLimitMs
    if (source.readyState === EventSource.OPEN && isSilent) replaceDeadSocket()
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
