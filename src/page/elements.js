import { siteUrl } from './api.js'
import { definition, meaningOf, tone } from './definition.js'
import { date, ends, exactTime, formatAmount, machineTime, relative, shortAmount, words } from './format.js'

export const $ = (id) => document.getElementById(id)

/**
 * Creates an element. `data` holds its data attributes, `attributes` any other ones, the rest are properties.
 */
export function element(tag, { data = {}, attributes = {}, ...properties }, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  Object.assign(made.dataset, data)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** Returns one of the symbols that the document defines. */
function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('aria-hidden', 'true')
  svg.setAttribute('viewBox', '0 0 16 16')
  const use = document.createElementNS(svg.namespaceURI, 'use')
  use.setAttribute('href', `#icon-${name}`)
  svg.append(use)
  return svg
}

/**
 * Returns a value of a job, shown by the kind of its field.
 * @param short true in a column, where long values are shortened
 */
export function valueElement(field, value, { short = false } = {}) {
  if (value === null) return element('span', { className: 'none', title: 'not set' }, '–')
  if (field.name === 'status') return statusElement(value)
  if (field.kind === 'choice') return choiceElement(field, value)
  if (field.kind === 'amount') return amountElement(field, value, short)
  if (field.kind === 'time') return dateElement(value)
  if (field.kind === 'text') return element('span', { className: 'text', title: short ? value : '' }, value)
  return identifierElement(value, short)
}

export function statusElement(status) {
  return element('span', { className: 'badge', data: { meaning: meaningOf(status) } }, words(status))
}

export function choiceElement(field, value) {
  const data = field.name === definition().choice ? { tone: tone(value) } : {}
  return element('span', { className: 'choice', data }, words(value))
}

function amountElement({ unit }, value, short) {
  const text = short ? shortAmount(value) : formatAmount(value)
  const title = text === formatAmount(value) ? '' : formatAmount(value)
  const made = element('data', { className: 'amount', value, title }, text)
  if (unit) made.append(element('span', { className: 'unit' }, ` ${unit}`))
  return made
}

function identifierElement(value, short) {
  return element('span', { className: 'mono', title: short ? value : '' }, short ? ends(value) : value)
}

function dateElement(seconds) {
  return element(
    'time',
    { dateTime: machineTime(seconds), title: `${exactTime(seconds)} (${relative(seconds)})` },
    date(seconds),
  )
}

/**
 * Returns an element with a time relative to now: `in 6 days`, or `12s ago` with `short`. {@link refreshAges}
 * keeps the text up to date.
 */
export function ageElement(seconds, { short = false } = {}) {
  const data = { age: seconds, short }
  const properties = { dateTime: machineTime(seconds), title: exactTime(seconds), data }
  return element('time', properties, relative(seconds, { short }))
}

export function refreshAges(root) {
  for (const time of root.querySelectorAll('[data-age]')) {
    const text = relative(time.dataset.age, { short: time.dataset.short === 'true' })
    if (time.textContent !== text) time.textContent = text
  }
}

/** Returns a button that copies a value (see clipboard.js). `what` names the value in words. */
export function copyButton(value, what, ...content) {
  const title = `Copy ${what}`
  const properties = { type: 'button', className: 'copy', title, data: { copy: value, what } }
  return element('button', { ...properties, attributes: { 'aria-label': title } }, ...content, icon('copy'))
}

/** Returns a link to a transaction in the chain's block explorer. */
export function explorerLink(explorerUrl, hash, what) {
  const link = element('a', { className: 'out', href: `${explorerUrl}/tx/${hash}`, target: '_blank' })
  link.rel = 'noreferrer'
  link.setAttribute('aria-label', `${what} in the block explorer`)
  link.title = 'Block explorer'
  link.append(icon('out'))
  return link
}

/** Returns the address of a job's page. */
export const jobUrl = (jobId) => siteUrl(`jobs/${encodeURIComponent(jobId)}`)

/** Returns a link to a job, as a result of the search. */
export function jobLink({ jobId }) {
  return element('a', { href: jobUrl(jobId), data: { result: '' } }, `Job #${ends(jobId)}`)
}
