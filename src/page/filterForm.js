import { fieldOf } from './definition.js'
import { element } from './elements.js'
import { title } from './format.js'

/**
 * Creates the fields of a contract's filters in a form: toggles for a choice, text for a list, two numbers
 * for a range. Text filters of a single field are folded. The toggles themselves are created by `fillForm()`.
 */
export function buildFilterForm(form, { filters }) {
  const main = []
  const folded = []
  for (const rule of filters) {
    const field = fieldOf(rule.fields[0])
    // The maximum is shown with the minimum.
    if (rule.kind === 'max') continue
    if (rule.kind === 'min') {
      const max = filters.find(({ kind, fields }) => kind === 'max' && fields[0] === field.name)
      main.push(rangeField(rule, max, field))
    } else if (field.kind === 'choice') main.push(choiceField(rule, field))
    else if (rule.fields.length > 1) main.push(textField(rule))
    else folded.push(textField(rule))
  }
  const more = element('details', { className: 'more' }, element('summary', {}, 'More filters'))
  more.append(element('div', { className: 'fields' }, ...folded))
  // The Enter key submits a form of several fields only if it has a submit button.
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
  from.setAttribute('aria-label', `Minimum ${label.toLowerCase()}`)
  to.setAttribute('aria-label', `Maximum ${label.toLowerCase()}`)
  const dash = element('span', { attributes: { 'aria-hidden': 'true' } }, '–')
  const inputs = element('div', { className: 'range' }, from, dash, to)
  if (field.unit) inputs.append(element('span', { className: 'unit' }, field.unit))
  const set = element('fieldset', { className: 'filter' })
  set.append(element('legend', {}, label), inputs, problem(min.name), problem(max.name))
  return set
}

function textInput(name, placeholder, takes) {
  const properties = { className: 'text-input', name, placeholder, title: takes, spellcheck: false }
  const input = element('input', { ...properties, attributes: { 'aria-describedby': problemId(name) } })
  input.autocomplete = 'off'
  return input
}

function problem(name) {
  return element('p', { id: problemId(name), className: 'problem-text', role: 'alert', hidden: true })
}

/** Returns the id of the element for the error message of a filter. */
export const problemId = (name) => `problem-${name}`
