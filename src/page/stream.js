import { keyedUrl } from './api.js'

const FIRST_BACKOFF_MS = 1000
const LONGEST_BACKOFF_MS = 30_000

/**
 * Holds a subscription from `lastEventId` on until `close()`. EventSource reconnects by itself after a lost connection,
 * but gives up after any answer other than 200, and does not notice a dead socket. In both cases this opens it again; a
 * socket is dead if it was silent for `silenceLimit` seconds, pings included.
 *
 * - `onState('connecting' | 'live' | 'lost' | 'refused', detail?)`; `refused` carries `{reason, retryAfter}`
 * - `onEvent(type, data, id)` for `connected`, `ping`, `job_created`, `job_updated` and `job_removed`
 */
export function openStream({ filters, lastEventId, silenceLimit, onState, onEvent }) {
  let source
  let timer
  let backoff = FIRST_BACKOFF_MS
  let position = lastEventId
  let refusal
  let heardAt = Date.now()

  const open = () => {
    heardAt = Date.now()
    source = new EventSource(keyedUrl('events', [...filters, ['lastEventId', position]]))
    for (const type of ['connected', 'ping', 'job_created', 'job_updated', 'job_removed'])
      source.addEventListener(type, (event) => receive(type, event))
    source.addEventListener('unavailable', (event) => {
      refusal = JSON.parse(event.data)
    })
    source.addEventListener('error', failed)
  }

  const receive = (type, event) => {
    const data = JSON.parse(event.data)
    heardAt = Date.now()
    backoff = FIRST_BACKOFF_MS
    refusal = undefined
    // A resumed stream's `connected` comes before what it resumes: it is no position to come back to.
    if (type !== 'connected' || data.resumed !== true) position = event.lastEventId
    if (type === 'connected') onState('live')
    onEvent(type, data, event.lastEventId)
  }

  const failed = () => {
    // A refusal ends its response, and the browser comes back by itself after the time that the server set.
    onState(refusal ? 'refused' : 'lost', refusal)
    if (source.readyState !== EventSource.CLOSED) return
    reopen(backoff * (0.5 + Math.random() / 2))
    backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS)
  }

  const reopen = (delay) => {
    source.close()
    clearTimeout(timer)
    timer = setTimeout(open, delay)
  }

  const watchdog = setInterval(() => {
    if (source.readyState !== EventSource.OPEN || Date.now() - heardAt < silenceLimit * 1000) return
    onState('lost')
    reopen(0)
  }, 1000)

  onState('connecting')
  open()
  return {
    get live() {
      return source.readyState === EventSource.OPEN
    },

    close() {
      clearInterval(watchdog)
      clearTimeout(timer)
      source.close()
    },
  }
}
