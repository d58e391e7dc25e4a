import { passes } from './definition.js'
import { entryKey } from './entries.js'
import { appendOlder, completeSince, olderPage, removeJob, updateJob } from './list.js'
import { readOlder } from './session.js'

/** Maximum number of jobs that are loaded for the chart of the last hour. */
const MAX_FOR_CHART = 500
const HOUR_SECONDS = 3600

let loadingPage = null

/**
 * Loads the next page of older jobs into the list, unless it is being loaded already.
 * @returns the error if the request failed; null otherwise
 */
export async function loadOlder(list, session) {
  const page = olderPage(list)
  if (page === null || page === loadingPage) return null
  loadingPage = page
  const { filters } = session
  try {
    const older = await readOlder(session, page)
    // If the list was read again meanwhile, or for other filters, this page does not continue it.
    if (filters === session.filters && list.nextPage === page) append(list, older, filters)
    return null
  } catch (error) {
    return error
  } finally {
    if (loadingPage === page) loadingPage = null
  }
}

/**
 * Adds a page to the list. The list ignored later events of jobs that it did not hold, so they are applied
 * now. A new job is on no older page.
 */
function append(list, { jobs, next, later }, filters) {
  const ignored = later.filter(({ job }) => !list.live.has(entryKey(job)))
  appendOlder(list, jobs, next)
  for (const { type, job } of ignored) {
    if (type === 'job_updated') updateJob(list, job, passes(filters, job))
    if (type === 'job_removed') removeJob(list, job)
  }
}

/** Loads older jobs until the list covers the last hour, or holds enough for the chart. */
export async function loadLastHour(list, session) {
  const { filters } = session
  const needsMore = () =>
    olderPage(list) !== null &&
    list.entries.length < MAX_FOR_CHART &&
    completeSince(list) > Date.now() / 1000 - HOUR_SECONDS
  while (needsMore()) {
    const { length } = list.entries
    await loadOlder(list, session)
    if (filters !== session.filters || list.entries.length === length) return
  }
}
