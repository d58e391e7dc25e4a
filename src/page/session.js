import { ApiError, get } from './api.js'
import { openStream } from './stream.js'

const PAGE_SIZE = 100
/** Jobs that are read again if the server could not continue the stream. */
const MAX_REREAD = 500
const RECOUNT_MS = 3000
const FIRST_BACKOFF_MS = 1000
const LONGEST_BACKOFF_MS = 30_000

/**
 * Follows the jobs of a filter: history by REST, then the stream from where that history ends.
 *
 * - `onLoaded({ jobs, next, total, isFresh })`: what the history says; `isFresh` for the first time with these filters
 * - `onEvent(type, job)`: each change after that, once and in order
 * - `onHead(blockNumber)`: the indexer's head, of `connected` and `ping`
 * - `onRefused(message)`: the API refuses the filters; what was followed before goes on
 * - `onState(state, detail)`: as of `openStream()`, and `stopped` with the error if the server wants no more requests
 * - `onTotal(total)`: after `recount()`
 * - `countOfJobs()`: how many jobs are shown, which a rereading replaces
 */
export function createSession({ keepaliveSeconds, ...on }) {
  let attempt = new AbortController() // to follow other filters
  let rereading = new AbortController()
  let filters
  let stream
  let lastId = 0 // of the newest event that was passed on
  let queue = null // events that wait for a rereading
  let isRecounting = false

  const receive = (type, data, id) => {
    if (type === 'connected' || type === 'ping') {
      on.onHead(data.blockNumber)
      if (data.resumed === false) reread()
    } else if (queue) queue.push([type, data, id])
    else apply(type, data, id)
  }

  const apply = (type, job, id) => {
    // Ids only grow: what a reconnect or the history repeats is known by its id.
    if (Number(id) <= lastId) return
    lastId = Number(id)
    on.onEvent(type, job)
  }

  const read = async (wanted, count, signal) => {
    const first = await get('jobs', [...wanted, ['limit', PAGE_SIZE]], signal)
    const jobs = first.data
    let { next } = first.pagination
    while (next !== null && jobs.length < count) {
      const page = await get('jobs', [...wanted, ['cursor', next], ['limit', PAGE_SIZE]], signal)
      jobs.push(...page.data)
      next = page.pagination.next
    }
    return { jobs, next, total: first.pagination.total, lastId: Number(first.lastEventId) }
  }

  /** Reads until the API answers. @returns null if it will not: other filters were set, or it refuses these */
  const readPatiently = async (wanted, count, signal, onAttempt = () => {}) => {
    for (let backoff = FIRST_BACKOFF_MS; ; backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS)) {
      onAttempt()
      try {
        return await read(wanted, count, signal)
      } catch (error) {
        if (signal.aborted) return null
        if (error.status === 400) on.onRefused(error.message)
        if (error.status === 400) return null
        const isFinal = error instanceof ApiError && [401, 403].includes(error.status)
        on.onState(isFinal ? 'stopped' : 'lost', error)
        if (isFinal) return null
        const wait = error.retryAfter === undefined ? jitter(backoff) : error.retryAfter * 1000
        await new Promise((resolve) => setTimeout(resolve, wait))
        if (signal.aborted) return null
      }
    }
  }

  /** The server could not continue this stream: what changed is in the history. */
  const reread = async () => {
    rereading.abort()
    rereading = new AbortController()
    const count = Math.min(on.countOfJobs(), MAX_REREAD)
    const found = await readPatiently(filters, count, rereading.signal, () => {
      // What came before an attempt is in its answer.
      queue = []
    })
    if (found === null) return
    const events = queue
    queue = null
    lastId = found.lastId
    on.onLoaded({ ...found, isFresh: false })
    for (const event of events) apply(...event)
    if (stream.live) on.onState('live')
  }

  return {
    /** The filters that are followed; undefined before the first answer. */
    get filters() {
      return filters
    },

    async follow(wanted) {
      attempt.abort()
      attempt = new AbortController()
      const found = await readPatiently(wanted, PAGE_SIZE, attempt.signal)
      if (found === null) return
      stream?.close()
      rereading.abort()
      queue = null
      filters = wanted
      lastId = found.lastId
      on.onLoaded({ ...found, isFresh: true })
      stream = openStream({
        filters,
        lastEventId: lastId,
        silenceLimit: 2 * keepaliveSeconds + 10,
        onState: on.onState,
        onEvent: receive,
      })
    },

    reread,

    /** A page of older jobs; `from` is the list's `older`. */
    async older(from) {
      const { data, pagination } = await get('jobs', [
        ...filters,
        ...Object.entries(from),
        ['limit', PAGE_SIZE],
      ])
      return { jobs: data, next: pagination.next }
    },

    /** Asks how many jobs match, soon. */
    recount() {
      if (isRecounting) return
      isRecounting = true
      setTimeout(async () => {
        isRecounting = false
        const counted = filters
        const answer = await get('jobs', [...counted, ['limit', 1]]).catch(() => null)
        if (answer && counted === filters) on.onTotal(answer.pagination.total)
      }, RECOUNT_MS)
    },
  }
}

function jitter(ms) {
  return ms * (0.5 + Math.random() / 2)
}
