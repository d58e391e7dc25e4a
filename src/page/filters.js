import { definition } from './definition.js'
import { $ } from './elements.js'
import { buildFields, collect, fill, markProblems } from './filterFields.js'

/** A filter that is typed acts after so long without a key. */
const TYPING_MS = 350

const names = () => definition().filters.map(({ name }) => name)

/** The filters in the page's own address. */
function readAddress() {
  const query = new URLSearchParams(location.search)
  const filters = new URLSearchParams()
  for (const name of names()) {
    const value = query.getAll(name).filter(Boolean).join(',')
    if (value !== '') filters.set(name, value)
  }
  return filters
}

/** The page's address with these filters. */
export function pageUrl(filters) {
  const url = new URL(location.href)
  for (const name of names()) url.searchParams.delete(name)
  for (const [name, value] of filters) url.searchParams.set(name, value)
  url.search = url.search.replaceAll('%2C', ',')
  return url.href
}

/**
 * The form of the contract's filters. `onChange(filters)` is called when they change: in the form, by `set`, or by the
 * browser's back button. The caller answers with `accept` or with `refuse`.
 */
export function createFilters(form, onChange) {
  const clear = $('clear-filters')
  let wanted = readAddress()
  let typed // the field whose typing made the newest entry of the browser's history
  let timer

  const change = (filters) => {
    clearTimeout(timer)
    if (filters.toString() === wanted.toString()) return
    wanted = filters
    onChange(wanted)
  }
  const show = () => {
    fill(form, wanted)
    clear.hidden = wanted.size === 0
    $('active-filters').textContent = wanted.size === 0 ? '' : `${wanted.size} set`
  }

  buildFields(form, definition())
  show()
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    change(collect(form, names()))
  })
  form.addEventListener('input', (event) => {
    clearTimeout(timer)
    if (event.target.type === 'checkbox') change(collect(form, names()))
    else timer = setTimeout(() => change(collect(form, names())), TYPING_MS)
  })
  form.addEventListener('focusout', () => {
    typed = undefined
  })
  clear.addEventListener('click', () => {
    change(new URLSearchParams())
    $('jobs-title').focus()
  })
  addEventListener('popstate', () => {
    typed = undefined
    change(readAddress())
  })

  return {
    get wanted() {
      return wanted
    },

    set: change,

    /** The list shows what the filters ask for: the address says so too. */
    accept() {
      markProblems(form, null)
      show()
      const url = pageUrl(wanted)
      if (url === location.href) return
      const field = form.contains(document.activeElement) ? document.activeElement.name : undefined
      // One entry of the history for each field, not for each key.
      if (field !== undefined && field === typed) history.replaceState(null, '', url)
      else history.pushState(null, '', url)
      typed = field
    },

    /** The API refuses the filters: its message goes beside the fields that it names. */
    refuse(message) {
      show()
      markProblems(form, message)
    },
  }
}
