import { $ } from './elements.js'
import { count, formatInteger } from './format.js'
import { isFull, MAX_JOBS, olderPage, waitingCount } from './list.js'

/**
 * The API counts up to so many matches of filters other than status and choices; it answers one more if there
 * are more. Totals of status and choices alone are exact at any size.
 */
export const MAX_COUNT = 10_000

/**
 * Shows the words around the list: how many jobs there are, and why the list is empty or ends.
 * @param onMore called when the reader asks for older jobs
 * @param onChange called when the number may have changed
 */
export function createTotal(list, { hasFilters, onMore, onChange }) {
  let total = null // unknown
  let isCapped = false // whether there are more matches than the total
  let countedTo = 0 // id of the newest event that a number of the API includes
  let isRefused = false

  const show = () => {
    $('total').textContent = totalText()
    $('empty').hidden = list.entries.length > 0
    $('jobs-table').hidden = list.entries.length === 0
    $('empty').textContent = emptyText()
    $('older').hidden = olderPage(list) === null
    $('end').hidden = olderPage(list) !== null || list.entries.length === 0
    $('end').textContent = endText()
    onChange()
  }

  const totalText = () => {
    if (total === null) return ''
    if (!hasFilters()) return `${formatInteger(total)} in all`
    return isCapped ? `more than ${formatInteger(MAX_COUNT)} matches` : count('match', total)
  }

  const emptyText = () => {
    if (isRefused) return 'No jobs are shown, because a filter is not valid.'
    if (waitingCount(list) > 0) return 'New jobs are waiting. Resume the list to see them.'
    return hasFilters()
      ? 'No job matches these filters. The next one that does will appear here.'
      : 'No jobs yet. The first one will appear here as soon as it is on the chain.'
  }

  const endText = () => {
    if (isFull(list))
      return `The list holds the newest ${formatInteger(MAX_JOBS)} jobs. Use filters to find older ones.`
    return hasFilters() ? 'No older jobs match.' : 'No older jobs.'
  }

  $('older').addEventListener('click', onMore)

  return {
    show,

    /** The number of all jobs; null if it is unknown. */
    get allJobs() {
      return hasFilters() ? null : total
    },

    /** @param lastId the newest event that the number includes */
    set(value, lastId) {
      total = value
      isCapped = hasFilters() && value === MAX_COUNT + 1
      countedTo = lastId
      isRefused = false
      show()
    },

    /**
     * Updates the number after an event.
     * @param matches whether the job matches now
     * @param effectIsKnown false if it is unknown whether the job matched before
     * @param id of the event
     */
    adjust(type, { matches, effectIsKnown, id }) {
      if (id <= countedTo || isCapped) return
      if (type === 'job_created') total += 1
      if (type === 'job_removed' || (type === 'job_updated' && !matches && effectIsKnown)) total -= 1
      show()
    },

    /** Shows that there is no list, because the filters of the page's address are not valid. */
    refuse() {
      isRefused = true
      show()
    },

    /** @param error of the latest request for older jobs; null if it is under way or has succeeded */
    showOlder(error) {
      $('older').textContent = error ? 'Older jobs could not be loaded. Retry' : 'Load older jobs'
      show()
    },
  }
}
