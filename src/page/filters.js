import { addressWith } from './api.js'
import { definition } from './definition.js'
import { $ } from './elements.js'
import { fillForm, markProblems, readForm } from './filterFields.js'
import { buildFilterForm } from './filterForm.js'

/** Delay from the last key in a text field until the filter applies. */
const APPLY_DELAY_MS = 350

const filterNames = () => definition().filters.map(({ name }) => name)

/** Returns the filters in the page's own address. */
function readAddress() {
  const query = new URLSearchParams(location.search)
  const filters = new URLSearchParams()
  for (const name of filterNames()) {
    const value = query.getAll(name).filter(Boolean).join(',')
    if (value !== '') filters.set(name, value)
  }
  return filters
}

/** Returns the page's address with these filters. */
export function pageUrl(filters) {
  const query = new URLSearchParams(location.search)
  for (const name of filterNames()) query.delete(name)
  for (const [name, value] of filters) query.set(name, value)
  return addressWith(new URL(location.href), query)
}

/**
 * Creates the form of the contract's filters.
 * @param onChange called with the filters when they change: in the form, by `set`, or by the browser's back
 * button. The caller answers with `accept` or `refuse`.
 */
export function createFilters(form, onChange) {
  let wanted = readAddress()
  let timer
  /** text fields that were edited and are not applied yet */
  const edited = new Set()

  const change = (filters) => {
    clearTimeout(timer)
    edited.clear()
    if (filters.toString() === wanted.toString()) return
    wanted = filters
    show()
    onChange(wanted)
  }
  const applyForm = () => change(readForm(form, filterNames()))
  const show = () => {
    fillForm(form, wanted, edited)
    $('clear-filters').hidden = wanted.size === 0
    $('active-filters').textContent = wanted.size === 0 ? '' : `${wanted.size} set`
  }

  buildFilterForm(form, definition())
  show()
  const saveAddress = createAddressHistory(form)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    applyForm()
  })
  form.addEventListener('input', ({ target }) => {
    clearTimeout(timer)
    if (target.type === 'checkbox') return applyForm()
    edited.add(target)
    timer = setTimeout(applyForm, APPLY_DELAY_MS)
  })
  $('clear-filters').addEventListener('click', () => {
    change(new URLSearchParams())
    $('jobs-title').focus()
  })
  addEventListener('popstate', () => {
    // A field keeps its text while it has the focus.
    if (form.contains(document.activeElement)) document.activeElement.blur()
    change(readAddress())
  })

  return {
    get wanted() {
      return wanted
    },

    set: change,

    /** Saves the filters in the address: the list follows them now. */
    accept() {
      markProblems(form, null)
      // The same filters may be written in another way or order. That is no new entry of the history.
      if (readAddress().toString() !== wanted.toString()) saveAddress(pageUrl(wanted))
    },

    /** Shows the API's refusal of the filters beside the fields that it names. */
    refuse: (message) => markProblems(form, message),
  }
}

/**
 * @returns a function that saves an address in the browser's history, with one entry for each edited field, not for
 * each keystroke
 */
function createAddressHistory(form) {
  let savedField // the field that the newest entry was saved for, while it keeps the focus; otherwise undefined
  const resetField = () => {
    savedField = undefined
  }
  form.addEventListener('focusout', resetField)
  addEventListener('popstate', resetField)
  return (url) => {
    if (url === location.href) return
    const field = form.contains(document.activeElement) ? document.activeElement.name : undefined
    const isSameField = field !== undefined && field === savedField
    history[isSameField ? 'replaceState' : 'pushState'](null, '', url)
    savedField = field
  }
}
