import { $ } from './elements.js'
import { formatDuration } from './format.js'

/** Seconds that a ping may be late before the connection is considered stale. */
const PATIENCE_SECONDS = 10

const texts = {
  connecting: () => 'Connecting',
  live: () => 'Live',
  stale: ({ silence }) => `No answer for ${formatDuration(Math.max(1, silence))}`,
  lost: () => (navigator.onLine ? 'Reconnecting' : 'Offline'),
  refused: ({ reason, seconds }) =>
    `${reason === 'full' ? 'Server busy' : 'Server restarting'}, retrying in ${seconds} s`,
  invalid: () => 'Filters not valid',
  stopped: () => 'Not connected',
}

/**
 * Shows the state of the connection in the page's header, in words. The stream's own state stays `live` on a
 * dead socket. The shown state becomes `lost` when the browser goes offline, and `stale` when a request fails
 * or a ping is late.
 */
export function createConnection() {
  let keepaliveSeconds = Number.POSITIVE_INFINITY
  let onChange = () => {}
  let state = 'connecting'
  let shown
  let heardAt = Date.now()
  let isSuspect = false
  let isOffline = false
  let refusal // the latest one
  let refusedUntil = 0

  const currentState = (silence) => {
    if (state !== 'live') return state
    if (isOffline) return 'lost'
    return isSuspect || silence > keepaliveSeconds + PATIENCE_SECONDS ? 'stale' : 'live'
  }

  const show = () => {
    const now = Date.now()
    const silence = (now - heardAt) / 1000
    const next = currentState(silence)
    const seconds = Math.max(0, Math.ceil((refusedUntil - now) / 1000))
    const text = texts[next]({ silence, seconds, reason: refusal?.reason })
    $('connection').dataset.state = next
    if ($('state').textContent !== text) $('state').textContent = text
    if (next === shown) return
    shown = next
    onChange(next, text)
  }

  /**
   * Records that something arrived, so the server is reachable. A browser that is offline can still reach a
   * server on its own machine.
   */
  const heard = () => {
    heardAt = Date.now()
    isSuspect = false
    isOffline = false
    show()
  }

  setInterval(show, 1000)
  addEventListener('offline', () => {
    isOffline = true
    show()
  })

  return {
    /**
     * @param seconds of silence after which the server sends a ping
     * @param listener called with the state and its words, now and whenever it changes
     */
    watch(seconds, listener) {
      keepaliveSeconds = seconds
      onChange = listener
      shown = undefined
      show()
    },

    /**
     * Sets the state of the session or of a stream. `detail` is an error, or `{ reason, retryAfter }` of
     * a refusal.
     */
    set(next, detail) {
      if (next === 'refused') {
        refusal = detail
        refusedUntil = Date.now() + detail.retryAfter * 1000
      }
      state = next
      const problem = detail instanceof Error && 'status' in detail ? problemOf(detail) : null
      $('problem').hidden = problem === null
      $('problem').textContent = problem ?? ''
      next === 'live' ? heard() : show()
    },

    heard,

    /** Records that a request failed: the stream's socket may be dead too. */
    suspect() {
      isSuspect = true
      isOffline = !navigator.onLine
      show()
    },
  }
}

function problemOf(error) {
  if (error.status === 401)
    return 'This server requires an API key. Add ?api_key=YOUR_KEY to the address of this page.'
  if (error.status === 429) return `Too many requests from this network: ${error.message}`
  return error.message
}
