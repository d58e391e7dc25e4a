import { definition, fieldOf, meaningOf, tone } from './definition.js'
import { $, element } from './elements.js'
import { problemId } from './filterForm.js'
import { words } from './format.js'

/** Returns the filters as they are in the form. */
export function readForm(form, names) {
  const data = new FormData(form)
  const filters = new URLSearchParams()
  for (const name of names) {
    // A reader may separate values by spaces or commas.
    const value = data
      .getAll(name)
      .join(',')
      .split(/[\s,]+/)
      .filter(Boolean)
      .join(',')
    if (value !== '') filters.set(name, value)
  }
  return filters
}

/** Sets the form to these filters, except the fields in `edited` and the focused one. */
export function fillForm(form, filters, edited) {
  for (const box of form.querySelectorAll('[data-choices]')) {
    const name = box.dataset.choices
    const chosen = filters.get(name)?.split(',') ?? []
    // An unknown value from the page's address gets a chip too, so that the reader can remove it.
    const values = new Set([...fieldOf(name).values.map(String), ...chosen])
    const old = new Map([...box.children].map((chip) => [chip.querySelector('input').value, chip]))
    // An existing chip is reused: a new one would lose the focus.
    const chips = [...values].map((value) => old.get(value) ?? createChip(name, value))
    if (chips.length !== old.size || chips.some((chip) => !chip.isConnected)) box.replaceChildren(...chips)
    for (const chip of chips) {
      const input = chip.querySelector('input')
      input.checked = chosen.includes(input.value)
    }
  }
  for (const input of form.querySelectorAll('input[name]:not([type=checkbox])')) {
    // The reader may be typing into the focused field.
    if (input !== document.activeElement && !edited.has(input)) input.value = filters.get(input.name) ?? ''
    if (input.value !== '') input.closest('.more')?.setAttribute('open', '')
  }
}

function createChip(name, value) {
  const attributes = { 'aria-describedby': problemId(name) }
  const input = element('input', { type: 'checkbox', name, value, attributes })
  const isColoured = name === definition().choice
  const data = name === 'status' ? { meaning: meaningOf(value) } : isColoured ? { tone: tone(value) } : {}
  return element('label', { className: 'chip', data }, input, words(value))
}

/**
 * Shows the API's refusal of filters: each part beside the field that it names, any other part below
 * the form.
 * @param message null if nothing is wrong
 */
export function markProblems(form, message) {
  const parts = new Map()
  for (const part of message?.split(/; (?=\w+ (?:takes|is) )/) ?? []) {
    const name = /^\w+/.exec(part)?.[0] ?? ''
    const key = form.querySelector(`[name="${CSS.escape(name)}"]`) ? name : ''
    parts.set(key, [...(parts.get(key) ?? []), part])
  }
  for (const paragraph of form.querySelectorAll('.problem-text')) {
    const name = paragraph.id.slice(problemId('').length)
    showProblem(paragraph, parts.get(name))
    for (const input of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (parts.has(name)) input.setAttribute('aria-invalid', 'true')
      else input.removeAttribute('aria-invalid')
    }
  }
  showProblem($('filter-message'), parts.get(''))
  if (message !== null) form.closest('details').open = true
}

function showProblem(paragraph, parts) {
  paragraph.textContent = parts?.join('; ') ?? ''
  paragraph.hidden = parts === undefined
}
