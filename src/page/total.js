import { definition, fieldOf } from './definition.js'
import { $ } from './elements.js'
import { count, formatInteger } from './format.js'
import { isFull, MAX_JOBS, olderPage, waitingCount } from './list.js'

/**
 * The largest number of matches that the API counts if a filter tests anything but status and choices. If there
 * are more, it answers MAX_COUNT + 1. For status and choices alone the number is always exact.
 */
export const MAX_COUNT = 10_000

/** Returns whether the API counts the matches of these filters up to MAX_COUNT only. */
const isCountLimited = (filters) =>
  definition().filters.some(
    ({ name, fields }) => filters.has(name) && fields.some((field) => fieldOf(field).kind !== 'choice'),
  )

/**
 * Shows the words around the list: how many jobs there are, and why the list is empty or ends.
 * @param filters returns the filters that the list follows
 * @param onMore called when the reader asks for older jobs
 * @param onChange called when the number may have changed
 */
export function createTotal(list, { filters, onMore, onChange }) {
  const hasFilters = () => filters().size > 0
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
    if (waitingCount(list) > 0) return 'Jobs are waiting. Resume the list to see them.'
    return hasFilters()
      ? 'No job matches these filters. The next one that does will appear here.'
      : 'No jobs yet. The first one will appear here as soon as it is on the chain.'
  }

  const endText = () => {
    if (isFull(list))
      return hasFilters()
        ? `The list holds the newest ${formatInteger(MAX_JOBS)} matches. Narrow the filters to find older ones.`
        : `The list holds the newest ${formatInteger(MAX_JOBS)} jobs. Use filters to find older ones.`
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
      isCapped = value === MAX_COUNT + 1 && isCountLimited(filters())
      countedTo = lastId
      isRefused = false
      show()
    },

    /**
     * Updates the number after an event.
     * @param matches whether the job matches now
     * @param effectIsKnown false if it is unknown whether the job matched before
     * @param id of the event
     * @returns false if the number is unknown after the event
     */
    adjust(type, { matches, effectIsKnown, id }) {
      if (id <= countedTo) return true
      const isLoss = type === 'job_removed' || (type === 'job_updated' && !matches && effectIsKnown)
      // A count above MAX_COUNT stays above it, unless a job leaves: then the number is unknown.
      if (isCapped) return !isLoss
      if (type === 'job_created') total += 1
      if (isLoss) total -= 1
      show()
      return effectIsKnown
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
