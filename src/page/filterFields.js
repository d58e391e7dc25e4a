import { definition, fieldOf, lifeOf, tone } from './definition.js'
import { $, element } from './elements.js'
import { title, words } from './format.js'

/**
 * Fills a form with the fields of a contract's filters: choices as toggles, lists as text, bounds as two numbers. Those
 * that narrow a list to one party or token are folded.
 */
export function buildFields(form, { filters }) {
  const main = []
  const folded = []
  for (const rule of filters) {
    const field = fieldOf(rule.fields[0])
    if (rule.kind === 'max') continue
    if (rule.kind === 'min')
      main.push(
        rangeField(
          rule,
          filters.find((other) => other.kind === 'max' && other.fields[0] === field.name),
          field,
        ),
      )
    else if (field.kind === 'choice') main.push(choiceField(rule, field))
    else if (rule.fields.length > 1) main.push(textField(rule))
    else folded.push(textField(rule))
  }
  const more = element('details', { className: 'more' }, element('summary', {}, 'More filters'))
  more.append(element('div', { className: 'fields' }, ...folded))
  // Without a submit button Enter would not submit a form of several fields.
  const submit = element('input', { type: 'submit', value: 'Apply filters', className: 'visually-hidden' })
  submit.tabIndex = -1
  form.replaceChildren(...main, ...(folded.length > 0 ? [more] : []), submit)
}

function choiceField({ name }, field) {
  const choices = element('div', { className: 'chips', data: { choices: name } })
  const set = element('fieldset', { className: 'filter', title: field.about ?? '' })
  set.append(element('legend', {}, title(name)), choices, problem(name))
  return set
}

function textField({ name, takes }) {
  const label = element('label', {}, `${title(name)} `, textInput(name, 'any', takes))
  return element('div', { className: 'filter' }, label, problem(name))
}

function rangeField(min, max, field) {
  const label = title(field.name)
  const from = textInput(min.name, 'min', min.takes)
  const to = textInput(max.name, 'max', max.takes)
  from.setAttribute('aria-label', `Least ${label.toLowerCase()}`)
  to.setAttribute('aria-label', `Greatest ${label.toLowerCase()}`)
  const inputs = element('div', { className: 'range' }, from, dash(), to)
  if (field.unit) inputs.append(element('span', { className: 'unit' }, field.unit))
  const set = element('fieldset', { className: 'filter' })
  set.append(element('legend', {}, label), inputs, problem(min.name), problem(max.name))
  return set
}

function dash() {
  return element('span', { attributes: { 'aria-hidden': 'true' } }, '–')
}

function textInput(name, placeholder, takes) {
  const input = element('input', {
    className: 'text-input',
    name,
    placeholder,
    title: takes,
    spellcheck: false,
  })
  input.autocomplete = 'off'
  input.setAttribute('aria-describedby', problemId(name))
  return input
}

function problem(name) {
  return element('p', { id: problemId(name), className: 'problem-text', role: 'alert', hidden: true })
}

const problemId = (name) => `problem-${name}`

/** The filters that the form says. */
export function collect(form, names) {
  const data = new FormData(form)
  const filters = new URLSearchParams()
  for (const name of names) {
    const values = data.getAll(name).map((value) => value.trim().replace(/[\s,]*[,\s][\s,]*/g, ','))
    const value = values.filter(Boolean).join(',')
    if (value !== '') filters.set(name, value)
  }
  return filters
}

/** Makes the form say these filters. */
export function fill(form, filters) {
  for (const box of form.querySelectorAll('[data-choices]')) {
    const name = box.dataset.choices
    const chosen = filters.get(name)?.split(',') ?? []
    // A value that is not among the known ones came with the address: it is shown, so that it can be taken off.
    const values = new Set([...fieldOf(name).values.map(String), ...chosen])
    const old = new Map([...box.children].map((chip) => [chip.querySelector('input').value, chip]))
    // Chips stay the same elements: a new one would lose the focus.
    const chips = [...values].map((value) => old.get(value) ?? createChip(name, value))
    if (chips.length !== old.size || chips.some((chip) => !chip.isConnected)) box.replaceChildren(...chips)
    for (const chip of chips) {
      const input = chip.querySelector('input')
      input.checked = chosen.includes(input.value)
    }
  }
  for (const input of form.querySelectorAll('input[name]:not([type=checkbox])')) {
    // What is being typed is not touched.
    if (input !== document.activeElement) input.value = filters.get(input.name) ?? ''
    if (input.value !== '') input.closest('details')?.setAttribute('open', '')
  }
}

function createChip(name, value) {
  const input = element('input', { type: 'checkbox', name, value })
  const isColoured = name === definition().choice
  const data = name === 'status' ? { life: lifeOf(value) } : isColoured ? { tone: tone(value) } : {}
  input.setAttribute('aria-describedby', problemId(name))
  return element('label', { className: 'chip', data }, input, words(value))
}

/**
 * Shows a refusal of the API beside the fields that it names, and what names none below the form.
 * @param message null: nothing is wrong
 */
export function markProblems(form, message) {
  const parts = new Map()
  for (const part of message?.split(/; (?=\w+ (?:takes|is) )/) ?? []) {
    const name = /^\w+/.exec(part)?.[0]
    const key = form.querySelector(`[name="${CSS.escape(name ?? '')}"]`) ? name : ''
    parts.set(key, [...(parts.get(key) ?? []), part])
  }
  for (const text of form.querySelectorAll('.problem-text')) {
    const name = text.id.slice(problemId('').length)
    show(text, parts.get(name))
    for (const input of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (parts.has(name)) input.setAttribute('aria-invalid', 'true')
      else input.removeAttribute('aria-invalid')
    }
  }
  show($('filter-message'), parts.get(''))
  if (message !== null) form.closest('details').open = true
}

function show(text, parts) {
  text.textContent = parts?.join('; ') ?? ''
  text.hidden = parts === undefined
}
