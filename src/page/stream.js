import { keyedUrl } from './api.js'

const firstBackoff = 1000
const longestBackoff = 30_000

/**
 * Holds a subscription from `lastEventId` on until `close()`. EventSource reconnects by itself after a lost
 * connection; here is what it does not do: it is opened again where it gave up (any answer but 200) and where
 * the socket is dead without having said so (longer silent than `silenceLimit` seconds, pings included).
 *
 * - `onState('connecting' | 'live' | 'lost' | 'refused', detail?)`; `refused` carries `{reason, retryAfter}`
 * - `onEvent(type, data, id)` for `connected`, `ping`, `job_created`, `job_updated` and `job_removed`
 */
export function openStream({ filters, lastEventId, silenceLimit, onState, onEvent }) {
  let source
  let timer
  let backoff = firstBackoff
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
    backoff = firstBackoff
    refusal = undefined
    // A resumed stream's `connected` comes before what it resumes: it is no position to come back to.
    if (type !== 'connected' || data.resumed !== true) position = event.lastEventId
    if (type === 'connected') onState('live')
    onEvent(type, data, event.lastEventId)
  }

  const failed = () => {
    // A refusal ends its response: the browser comes back by itself, when the server said.
    onState(refusal ? 'refused' : 'lost', refusal)
    if (source.readyState !== EventSource.CLOSED) return
    reopen(backoff * (0.5 + Math.random() / 2))
    backoff = Math.min(backoff * 2, longestBackoff)
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
