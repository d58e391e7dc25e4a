import { announce } from './announcer.js'
import { get } from './api.js'
import { definition, fieldOf } from './definition.js'
import { $, element, jobUrl } from './elements.js'
import { count, ends } from './format.js'

const TYPING_MS = 250

/**
 * The search box: a job by its id or by the transaction that created it, or the jobs of a party. The API has no search by
 * transaction, so only the jobs in the list are found by theirs.
 * @param onParty called with the value of a party whose jobs the reader wants
 */
export function createSearch({ list, onParty }) {
  const form = $('search')
  const input = $('search-input')
  const results = $('search-results')
  let timer
  let session = new AbortController()

  const party = definition().filters.find(({ fields }) => fields.length > 1 && fieldOf(fields[0]).role)
  input.placeholder = ['Job id', ...(party ? [party.name] : []), 'transaction'].join(', ')

  const search = async () => {
    clearTimeout(timer)
    session.abort()
    session = new AbortController()
    const { signal } = session
    const text = input.value.trim().replace(/^#/, '')
    if (text === '') return show([])
    const found = await Promise.all([
      findJob(text, signal),
      findTransaction(text, list),
      party && findParty(party.name, text, signal, onParty),
    ])
    if (signal.aborted) return
    const items = found.flat().filter(Boolean)
    show(items.length > 0 ? items : [nothing(text, list)])
    announce([...results.children].map(({ textContent }) => textContent).join(', '))
  }

  const show = (items) => {
    results.replaceChildren(...items.map((item) => element('li', {}, item)))
    results.hidden = items.length === 0
  }

  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(search, TYPING_MS)
  })
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    await search()
    results.querySelector('a, button')?.click()
  })
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') show([])
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const stops = [input, ...results.querySelectorAll('a, button')]
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus()
  })
  form.addEventListener('focusout', ({ relatedTarget }) => !form.contains(relatedTarget) && show([]))
  results.addEventListener('click', () => {
    input.value = ''
    show([])
  })
}

async function findJob(text, signal) {
  const found = await get(`jobs/${encodeURIComponent(text)}`, [], signal).catch(() => null)
  return found && jobLink(found.data)
}

function findTransaction(text, list) {
  const hash = text.toLowerCase()
  return list.jobs.filter(({ creationTxHash }) => creationTxHash === hash).map(jobLink)
}

async function findParty(name, value, signal, onParty) {
  const found = await get('jobs', { [name]: value, limit: 1 }, signal).catch(() => null)
  const total = found?.pagination.total ?? 0
  if (total === 0) return null
  const button = element('button', { type: 'button' }, `${count('job', total)} of ${name} ${ends(value)}`)
  button.addEventListener('click', () => onParty(name, value))
  return button
}

function jobLink({ jobId }) {
  return element('a', { href: jobUrl(jobId) }, `Job #${ends(jobId)}`)
}

function nothing(text, list) {
  const isHash = /^0x[0-9a-f]{64}$/i.test(text)
  return isHash
    ? `Nothing found. A transaction is looked for among the ${count('job', list.jobs.length)} in the list only.`
    : 'Nothing found.'
}
