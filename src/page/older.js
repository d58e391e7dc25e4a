import { appendOlder, completeSince, olderPage } from './list.js'
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
    const { jobs, next } = await readOlder(session, page)
    // If the list was read again meanwhile, or for other filters, this page does not continue it.
    if (filters === session.filters && list.nextPage === page) appendOlder(list, jobs, next)
    return null
  } catch (error) {
    return error
  } finally {
    if (loadingPage === page) loadingPage = null
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
