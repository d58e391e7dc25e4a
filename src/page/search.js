import { announce } from './announcer.js'
import { get } from './api.js'
import { definition, fieldOf } from './definition.js'
import { $, element, jobLink } from './elements.js'
import { count, ends, formatInteger } from './format.js'
import { searchHistory } from './historySearch.js'
import { liveJobs } from './list.js'
import { MAX_COUNT } from './total.js'

/** Delay from the last key to the search. */
const SEARCH_DELAY_MS = 250
const TRANSACTION_HASH = /^0x[0-9a-f]{64}$/i

/**
 * Creates the search box. It finds a job by its id or by the transaction that created it, and the jobs of a
 * participant. A transaction that is not among the jobs in the list is searched for in the history.
 * @param onParticipant called with the filter's name and the value, if the reader chooses the jobs of a participant
 */
export function createSearch({ list, onParticipant }) {
  const form = $('search')
  const input = $('search-input')
  const results = createResults(form, input)
  let timer
  let running = new AbortController()

  const participantFilter = definition().filters.find(
    ({ fields }) => fields.length > 1 && fieldOf(fields[0]).role,
  )
  input.placeholder = ['Job id', ...(participantFilter ? [participantFilter.name] : []), 'transaction'].join(
    ', ',
  )

  /** @returns false if the text is empty, or if another search has begun meanwhile */
  const search = async () => {
    stop()
    const { signal } = running
    const text = input.value.trim().replace(/^#/, '')
    if (text === '') {
      results.close()
      return false
    }
    const searches = await Promise.allSettled([
      findJob(text, signal),
      findTransaction(text, list),
      participantFilter && findParticipant(participantFilter.name, text, signal, onParticipant),
    ])
    if (signal.aborted) return false
    const failure = searches.find(({ status }) => status === 'rejected')
    const items = searches.flatMap(({ value }) => value ?? [])
    if (failure) items.push(`The search failed: ${failure.reason.message}.`)
    if (items.length > 0) results.show(items)
    else if (TRANSACTION_HASH.test(text)) searchHistory(text.toLowerCase(), { signal, show: results.show })
    else results.show([`Nothing found for “${ends(text)}”.`])
    return true
  }

  const stop = () => {
    clearTimeout(timer)
    running.abort()
    running = new AbortController()
  }

  const close = () => {
    stop()
    results.close()
  }

  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(search, SEARCH_DELAY_MS)
  })
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (await search()) results.first()?.click()
  })
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close()
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    results.moveFocus(step)
  })
  form.addEventListener('focusout', ({ relatedTarget }) => !form.contains(relatedTarget) && close())
  form.addEventListener('click', ({ target }) => {
    if (!target.closest('[data-result]')) return
    input.value = ''
    close()
  })
}

/** Creates the list below the search box. An item with `data-result` is one that the reader may choose. */
function createResults(form, input) {
  const box = $('search-results')
  // In Safari a click on a link or button focuses nothing: the input would lose the focus, and the results would
  // close before the click.
  box.addEventListener('mousedown', (event) => event.preventDefault())
  return {
    show(items) {
      // An element that is removed would take the focus with it.
      if (box.contains(document.activeElement)) input.focus()
      box.replaceChildren(...items.map((item) => element('li', {}, item)))
      box.hidden = false
      announce([...box.children].map(({ innerText }) => innerText).join(', '))
    },

    close() {
      box.replaceChildren()
      box.hidden = true
    },

    first: () => box.querySelector('[data-result]'),

    moveFocus(step) {
      const stops = [input, ...form.querySelectorAll('.results :is(a, button)')]
      stops.at((stops.indexOf(document.activeElement) + step) % stops.length).focus()
    },
  }
}

async function findJob(text, signal) {
  const found = await get(`jobs/${encodeURIComponent(text)}`, [], signal).catch(nullIfNotFound)
  // A URL cannot end with the segment ".", so the server answers a search for it with the list of jobs.
  return found?.data.jobId ? jobLink(found.data) : null
}

function findTransaction(text, list) {
  const hash = text.toLowerCase()
  return liveJobs(list)
    .filter(({ creationTxHash }) => creationTxHash === hash)
    .map(jobLink)
}

async function findParticipant(name, value, signal, onParticipant) {
  const found = await get('jobs', { [name]: value, limit: 1 }, signal).catch(nullIfNotFound)
  const total = found?.pagination.total ?? 0
  if (total === 0) return null
  const jobs = total > MAX_COUNT ? `More than ${formatInteger(MAX_COUNT)} jobs` : count('job', total)
  const text = `${jobs} of ${name} ${ends(value)}`
  const button = element('button', { type: 'button', data: { result: '' } }, text)
  button.addEventListener('click', () => onParticipant(name, value))
  return button
}

/** Returns null for a response that says that there is no such job, or that the text cannot be an id. */
function nullIfNotFound(error) {
  if ([400, 404].includes(error.status)) return null
  throw error
}
