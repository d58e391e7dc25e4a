import { definition } from './definition.js'
import { jobKey } from './entries.js'
import { appendOlder, completeSince, olderPage, removeJob, updateJob } from './list.js'
import { matchesFilters } from './matching.js'
import { readOlder } from './session.js'

/** Maximum number of jobs that are loaded for the chart of the last hour. */
const MAX_FOR_CHART = 500
const HOUR_SECONDS = 3600

/**
 * Creates the functions that load pages of older jobs into the list. After an error, a page is requested
 * again when the reader asks for it, or after the error's `retryAfter`.
 * @param onError called with the error of a request that failed, and with null when a request begins
 */
export function createOlder(list, session, { onError }) {
  let loadingPage = null
  let failedPage = null
  let timer

  /** Loads the next page, unless it is being loaded already. */
  const load = async () => {
    const page = olderPage(list)
    if (page === null || page === loadingPage) return
    clearTimeout(timer)
    loadingPage = page
    onError(null)
    const { filters } = session
    // If the list was read again meanwhile, or for other filters, this page does not continue it.
    const isCurrent = () => filters === session.filters && list.nextPage === page
    try {
      const older = await readOlder(session, page)
      if (isCurrent()) append(list, older, filters)
    } catch (error) {
      if (isCurrent()) fail(page, error)
    } finally {
      if (loadingPage === page) loadingPage = null
    }
  }

  const fail = (page, error) => {
    failedPage = page
    const again = () => olderPage(list) === page && load()
    if (error.retryAfter !== undefined) timer = setTimeout(again, error.retryAfter * 1000)
    onError(error)
  }

  return {
    load,

    /** Loads the next page, unless it failed to load. */
    loadNearEnd() {
      if (olderPage(list) !== failedPage) load()
    },

    /** Loads older jobs until the list covers the last hour, or holds enough for the chart. */
    async loadLastHour() {
      const { filters } = session
      const needsMore = () =>
        olderPage(list) !== null &&
        list.entries.length < MAX_FOR_CHART &&
        completeSince(list) > Date.now() / 1000 - HOUR_SECONDS
      while (needsMore()) {
        const { length } = list.entries
        await load()
        if (filters !== session.filters || list.entries.length === length) return
      }
    },
  }
}

/**
 * Adds a page to the list. While the page was read, the list ignored events of jobs below its end. Those that the
 * page does not include are applied now.
 */
function append(list, { jobs, next, later }, filters) {
  const ignored = later.filter(({ job }) => !list.live.has(jobKey(job)))
  appendOlder(list, jobs, next)
  for (const { type, job } of ignored) {
    if (type === 'job_removed') removeJob(list, job)
    else updateJob(list, job, matchesFilters(definition(), filters, job))
  }
}
