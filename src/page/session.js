import { get, PAGE_SIZE } from './api.js'
import { MAX_WAITING } from './list.js'
import { retry } from './retry.js'
import { openStream } from './stream.js'

/**
 * Number of jobs after which `reread()` reads no further page: as many as may wait, and one page. If it stopped
 * earlier, all jobs read could be new ones, which wait while the list is held. It would have no rows left.
 */
const MAX_REREAD = MAX_WAITING + PAGE_SIZE
const RECOUNT_MS = 3000

/**
 * Follows the jobs that match the filters: reads the history over REST, then opens the stream at the position
 * where that history was read. Handlers:
 *
 * - `onLoaded({ jobs, next, total, lastId, isFresh })`: the history up to the event `lastId`; `isFresh` if it
 *   is the first of these filters
 * - `onEvent(type, job, id)`: each later change, once and in order
 * - `onIndexed(blockNumber)`: the block that was indexed last, from `connected` and `ping`
 * - `onRefused(message)`: the API refuses the filters; the previous ones are still followed
 * - `onState(state, detail)`: the states of `openStream()`, and two for a failed request, with its error as `detail`:
 *   `lost` if it will be retried, `stopped` if it will not and nothing is followed any more
 * - `onTotal(total, lastId)`: the number of matches up to the event `lastId`, after `recount()`
 * - `coversList(jobs)`: returns whether a fresh history reaches as far down as the list; `reread()` reads on until
 *   it does
 */
export function createSession(options) {
  return {
    ...options,
    /** filters that are followed, as URLSearchParams; undefined before the first answer */
    filters: undefined,
    stream: undefined,
    /** id of the newest event that was applied; ids only grow, so an id at or below it is a repetition */
    lastId: 0,
    /** the newest position at which a page of jobs was read; it may be later than `lastId` */
    readTo: 0,
    /** events that wait until the history is read again; null if it is not being read */
    queue: null,
    /** a list for each page of older jobs that is being read: the events that are applied meanwhile */
    eventsDuringRead: new Set(),
    followAbort: new AbortController(),
    rereadAbort: new AbortController(),
    /** filters whose matches are being counted */
    countedFilters: undefined,
  }
}

/** Follows other filters from now on, if the API accepts them. */
export async function followFilters(session, filters) {
  session.followAbort.abort()
  session.followAbort = new AbortController()
  const { signal } = session.followAbort
  const onError = (error) => {
    if (error.status !== 400) return reportFailure(session, error)
    session.onRefused(error.message)
    // An earlier attempt may have reported `lost`, but the previous filters are still followed.
    if (session.stream?.isOpen) session.onState('live')
    return true
  }
  const history = await retry(() => fetchHistory(session, filters, () => true, signal), { signal, onError })
  if (history === undefined) return
  stop(session)
  Object.assign(session, { filters, lastId: history.lastId })
  session.onLoaded({ ...history, isFresh: true })
  session.stream = openStream({
    filters,
    lastEventId: history.lastId,
    keepaliveSeconds: session.keepaliveSeconds,
    onState: session.onState,
    onEvent: (type, data, id) => receive(session, type, data, id),
  })
}

/**
 * Reads the history again, since changes may have been missed. Events that arrive meanwhile are
 * applied afterwards.
 */
export async function reread(session) {
  session.rereadAbort.abort()
  session.rereadAbort = new AbortController()
  const { signal } = session.rereadAbort
  const isEnough = (jobs) => jobs.length >= MAX_REREAD || session.coversList(jobs)
  const read = () => {
    // The answer includes every event that arrived before its request.
    session.queue = []
    return fetchHistory(session, session.filters, isEnough, signal)
  }
  const history = await retry(read, { signal, onError: (error) => reportFailure(session, error) })
  if (history === undefined) return
  const events = session.queue
  Object.assign(session, { queue: null, lastId: history.lastId })
  session.onLoaded({ ...history, isFresh: false })
  for (const event of events) apply(session, ...event)
  if (session.stream.isOpen) session.onState('live')
}

/**
 * Reads a page of older jobs; `page` is its query parameters.
 * @returns the page, and `later`: the events that were applied meanwhile and that the page does not include
 */
export async function readOlder(session, page) {
  const events = []
  session.eventsDuringRead.add(events)
  try {
    const query = [...session.filters, ...Object.entries(page), ['limit', PAGE_SIZE]]
    const { data, pagination, lastEventId } = await get('jobs', query)
    noteRead(session, lastEventId)
    return { jobs: data, next: pagination.next, later: events.filter(({ id }) => id > Number(lastEventId)) }
  } finally {
    session.eventsDuringRead.delete(events)
  }
}

/**
 * Asks for the number of matches, 3 s after the call. A failed request is retried (retry.js). Calls for the same
 * filters meanwhile do nothing.
 */
export async function recount(session) {
  const { filters } = session
  if (session.countedFilters === filters) return
  session.countedFilters = filters
  await new Promise((resolve) => setTimeout(resolve, RECOUNT_MS))
  const isOutdated = () => filters !== session.filters
  const answer = await retry(() => get('jobs', [...filters, ['limit', 1]]), {
    onError: (error) => error.isFinal || isOutdated(),
  })
  if (isOutdated()) return
  session.countedFilters = undefined
  if (answer === undefined) return
  const lastId = Number(answer.lastEventId)
  session.onTotal(answer.pagination.total, lastId)
  // The number lacks the events that were applied while it was on its way.
  if (lastId < session.lastId) recount(session)
}

async function fetchHistory(session, filters, isEnough, signal) {
  const first = await get('jobs', [...filters, ['limit', PAGE_SIZE]], signal)
  const jobs = first.data
  let { next } = first.pagination
  while (next !== null && !isEnough(jobs)) {
    const page = await get('jobs', [...filters, ['cursor', next], ['limit', PAGE_SIZE]], signal)
    noteRead(session, page.lastEventId)
    jobs.push(...page.data)
    next = page.pagination.next
  }
  return { jobs, next, total: first.pagination.total, lastId: Number(first.lastEventId) }
}

function noteRead(session, lastEventId) {
  session.readTo = Math.max(session.readTo, Number(lastEventId))
}

/** Follows nothing from now on, because of an error that would repeat. */
export function stopFollowing(session, error) {
  stop(session)
  session.onState('stopped', error)
}

/**
 * Reports a failed request. If another attempt is pointless, nothing is followed from now on.
 * @returns whether it is pointless
 */
function reportFailure(session, error) {
  if (error.isFinal) stopFollowing(session, error)
  else session.onState('lost', error)
  return error.isFinal
}

function stop(session) {
  session.stream?.close()
  session.rereadAbort.abort()
  session.queue = null
}

function receive(session, type, data, id) {
  if (type === 'connected' || type === 'ping') {
    session.onIndexed(data.blockNumber)
    if (data.resumed === false) reread(session)
  } else if (session.queue) session.queue.push([type, data, id])
  else apply(session, type, data, id)
}

function apply(session, type, job, idText) {
  const id = Number(idText)
  if (id <= session.lastId) return
  session.lastId = id
  for (const events of session.eventsDuringRead) events.push({ type, job, id })
  session.onEvent(type, job, id)
}
