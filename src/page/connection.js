import { $ } from './elements.js'
import { duration } from './format.js'

/** Seconds after a ping is due in which nothing is wrong yet. */
const PATIENCE_SECONDS = 10

const texts = {
  connecting: () => 'Connecting',
  live: () => 'Live',
  stale: ({ silence }) => `Stale: nothing heard for ${duration(silence)}`,
  lost: () => (navigator.onLine ? 'Reconnecting' : 'Offline'),
  refused: ({ reason, seconds }) =>
    `${reason === 'full' ? 'Server full' : 'Server restarting'}, back in ${seconds} s`,
  stopped: () => 'Not connected',
}

/** The state of the connection in the page's header, in words. */
export function createConnection() {
  let keepaliveSeconds = Number.POSITIVE_INFINITY
  let onChange = () => {}
  let state = 'connecting'
  let shown
  let heardAt = Date.now()
  let refusal = { reason: '', until: 0 }

  const show = () => {
    const now = Date.now()
    const silence = (now - heardAt) / 1000
    const isStale = state === 'live' && silence > keepaliveSeconds + PATIENCE_SECONDS
    const next = isStale ? 'stale' : state
    const seconds = Math.max(0, Math.ceil((refusal.until - now) / 1000))
    const text = texts[next]({ silence, seconds, reason: refusal.reason })
    $('connection').dataset.state = next
    if ($('state').textContent !== text) $('state').textContent = text
    if (next === shown) return
    shown = next
    onChange(next, text)
  }

  setInterval(show, 1000)
  for (const type of ['online', 'offline']) addEventListener(type, show)

  return {
    /**
     * @param seconds after which a silent server sends a ping
     * @param listener called with the state and its words, now and when it becomes another one
     */
    watch(seconds, listener) {
      keepaliveSeconds = seconds
      onChange = listener
      shown = undefined
      show()
    },

    /** As of the session or of a stream; `detail` is an error, or `{ reason, retryAfter }` of a refusal. */
    set(next, detail) {
      if (next === 'refused' && state !== 'refused')
        refusal = { reason: detail.reason, until: Date.now() + detail.retryAfter * 1000 }
      if (next === 'live') heardAt = Date.now()
      state = next
      const problem = detail instanceof Error && 'status' in detail ? problemOf(detail) : null
      $('problem').hidden = problem === null
      $('problem').textContent = problem ?? ''
      show()
    },

    heard() {
      heardAt = Date.now()
      show()
    },
  }
}

function problemOf(error) {
  if (error.status === 401)
    return 'This server asks for an API key: add ?api_key=YOUR_KEY to the address of this page.'
  if (error.status === 429) return `The server asks this address to slow down: ${error.message}`
  return error.message
}
