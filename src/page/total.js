import { $ } from './elements.js'
import { integer } from './format.js'
import { MAX_JOBS } from './list.js'

/** The API counts up to this number; one more means "more than this". */
const COUNTED = 10_000

/** The words around the list: how many jobs there are, and why there are none or no more. */
export function createTotal(list, { hasFilters, onMore }) {
  let total = 0
  let isRefused = false

  const show = () => {
    const number = hasFilters() && total > COUNTED ? `more than ${integer(COUNTED)}` : integer(total)
    $('total').textContent = isRefused ? '' : `${number} ${hasFilters() ? 'match' : 'in all'}`
    $('empty').hidden = list.entries.length > 0
    $('jobs-table').hidden = list.entries.length === 0
    $('empty').textContent = emptyText()
    $('older').hidden = list.older === null
    $('end').hidden = list.older !== null || list.entries.length === 0
    $('end').textContent = list.isCut
      ? `The list ends after ${integer(MAX_JOBS)} jobs. A filter leads to older ones.`
      : `That is every job${hasFilters() ? ' that matches' : ' so far'}.`
  }

  const emptyText = () => {
    if (isRefused) return 'Nothing is shown: one of the filters is not valid.'
    if (list.waiting > 0) return 'New jobs wait: resume the list to see them.'
    return hasFilters()
      ? 'No job matches these filters now. The next one that does appears here.'
      : 'No jobs yet. The first one appears here the moment it is on the chain.'
  }

  $('older').addEventListener('click', onMore)

  return {
    show,

    set(value) {
      total = value
      isRefused = false
      show()
    },

    /** Keeps the number true with each event, as far as that is possible. */
    follow(type, { matches, isExact }) {
      if (type === 'job_created') total += 1
      if (type === 'job_removed' || (type === 'job_updated' && !matches && isExact)) total -= 1
      show()
    },

    /** The first filters of the page are not valid: there is no list. */
    refuse() {
      isRefused = true
      show()
    },

    showOlder(error) {
      $('older').textContent = error ? 'Older jobs could not be loaded. Try again' : 'Load older jobs'
      show()
    },
  }
}
