import { levelName, strategies, strategyName } from './format.js'

export const filterNames = ['strategyType', 'verificationLevel', 'clientId', 'minBudget', 'maxBudget']
const choices = { strategyType: strategies, verificationLevel: ['1', '2', '3', '4'] }
const labels = { strategyType: strategyName, verificationLevel: (value) => levelName(Number(value)) }

/** The API's filters out of the page's own address; whatever else is there is not ours. */
export function readFilters() {
  const query = new URLSearchParams(location.search)
  const filters = new URLSearchParams()
  for (const name of filterNames) {
    const value = query.getAll(name).filter(Boolean).join(',')
    if (value !== '') filters.set(name, value)
  }
  return filters
}

/** The page's address with these filters instead of its own. */
export function pageUrl(filters) {
  const url = new URL(location.href)
  for (const name of filterNames) url.searchParams.delete(name)
  for (const [name, value] of filters) url.searchParams.set(name, value)
  url.search = url.search.replaceAll('%2C', ',')
  return url.href
}

/** The filters as values for code: lists where the API takes lists. */
export function filterObject(filters) {
  const object = {}
  for (const [name, value] of filters) {
    if (name === 'minBudget' || name === 'maxBudget') object[name] = value
    else if (name === 'verificationLevel') object[name] = value.split(',').map(Number)
    else object[name] = value.split(',')
  }
  return object
}

/**
 * Binds the form to the page's address, both ways. `onChange` is called after each change of the filters, by the
 * form or by the browser's back button.
 */
export function createFilters(form, onChange) {
  const message = document.getElementById('filter-message')
  const clear = document.getElementById('clear-filters')
  let current = readFilters()

  const apply = (filters, { push }) => {
    if (push && filters.toString() === current.toString()) return
    if (push) history.pushState(null, '', pageUrl(filters))
    current = filters
    fill(form, filters)
    clear.hidden = filters.size === 0
    onChange()
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault()
    apply(collect(form), { push: true })
  })
  form.addEventListener('change', () => apply(collect(form), { push: true }))
  clear.addEventListener('click', () => {
    apply(new URLSearchParams(), { push: true })
    form.querySelector('input').focus()
  })
  addEventListener('popstate', () => apply(readFilters(), { push: false }))

  fill(form, current)
  clear.hidden = current.size === 0

  return {
    get current() {
      return current
    },
    set: (filters) => apply(filters, { push: true }),
    /** Shows what the API says of the filters (null: nothing), beside the field that it names. */
    complain(text) {
      message.textContent = text ?? ''
      message.hidden = text === null
      for (const input of form.querySelectorAll('input')) {
        const suspect = !choices[input.name]?.includes(input.value) && current.has(input.name)
        const named = text !== null && suspect && text.includes(input.name)
        if (named) input.setAttribute('aria-invalid', 'true')
        else input.removeAttribute('aria-invalid')
      }
    },
  }
}

function collect(form) {
  const data = new FormData(form)
  const filters = new URLSearchParams()
  for (const name of filterNames) {
    const values = data.getAll(name).map((value) => value.trim().replace(/\s*,\s*/g, ','))
    const value = values.filter(Boolean).join(',')
    if (value !== '') filters.set(name, value)
  }
  return filters
}

function fill(form, filters) {
  for (const name of Object.keys(choices)) {
    const chosen = filters.get(name)?.split(',') ?? []
    // A value that we do not offer came with the address: shown, so that it can be taken off.
    const values = [...new Set([...choices[name], ...chosen])]
    const chips = values.map((value) => chip(form, name, value, chosen.includes(value)))
    form.querySelector(`[data-choices="${name}"]`).replaceChildren(...chips)
  }
  for (const input of form.querySelectorAll('input[name]:not([type=checkbox])'))
    input.value = filters.get(input.name) ?? ''
}

function chip(form, name, value, checked) {
  // Kept where it stands already: replacing it would take the focus from under the keyboard.
  const old = form.querySelector(`input[name="${name}"][value="${CSS.escape(value)}"]`)
  const label = old?.parentElement ?? document.createElement('label')
  const input = old ?? document.createElement('input')
  input.checked = checked
  if (old) return label
  Object.assign(input, { type: 'checkbox', name, value, checked })
  label.className = 'chip'
  label.dataset.strategy = name === 'strategyType' ? value : ''
  label.append(input, labels[name](value))
  return label
}
