import { definition, fieldOf, heading } from './definition.js'
import { ageElement, copyButton, element, explorerLink, jobUrl, valueElement } from './elements.js'
import { pageUrl } from './filters.js'
import { ends, formatInteger, title } from './format.js'

const goneTexts = {
  removed: ['removed', 'A reorg removed this job from the chain.'],
  left: ['no match', 'This job no longer matches the filters.'],
}

/**
 * Creates a row of the list. It has no tab stop (see keys.js).
 * @param entry of the list
 * @param fields that have a column
 */
export function createRow(entry, { fields, explorerUrl, filters }) {
  const { key, job, gone } = entry
  const row = element('tr', { className: gone ? 'gone' : '', data: { key } })
  const link = element('a', { className: 'mono', href: jobUrl(job.jobId), title: job.jobId })
  link.append(`#${ends(job.jobId)}`)
  const status = valueElement(fieldOf('status'), job.status)
  const age = ageElement(job.onchainCreatedAt, { short: true })
  age.title += `, block ${formatInteger(job.blockNumber)}`
  row.append(
    element('th', { scope: 'row', className: 'job' }, link),
    cell('status', gone ? goneTag(gone) : status),
    cell('age', age),
    ...fields.map((field) => fieldCell(field, job[field.name], filters)),
    transactionCell(job, explorerUrl),
  )
  for (const control of row.querySelectorAll('a, button')) control.tabIndex = -1
  keepRoles(row)
  return row
}

function goneTag(gone) {
  const [text, title] = goneTexts[gone]
  return element('span', { className: 'tag', title }, text)
}

function cell(className, ...content) {
  return element('td', { className }, ...content)
}

function fieldCell(field, value, filters) {
  const td = cell(field.kind)
  td.dataset.label = title(field.name)
  if (value === null) td.classList.add('unset')
  const shown = valueElement(field, value, { short: true })
  td.append(field.role && value !== null ? filterLink(field, value, filters, shown) : shown)
  if (value !== null && ['address', 'bytes32'].includes(field.kind))
    td.append(copyButton(value, `${heading(field).toLowerCase()} ${ends(value)}`))
  return td
}

/** Returns a participant of a job, as a link to its jobs if the contract has a filter for it. */
function filterLink(field, value, filters, shown) {
  if (!definition().filters.some(({ name }) => name === field.name)) return shown
  const next = new URLSearchParams(filters)
  next.set(field.name, value)
  const link = element('a', { href: pageUrl(next), data: { filter: field.name, value } }, shown)
  link.title = `Jobs of ${heading(field).toLowerCase()} ${value}`
  return link
}

function transactionCell({ jobId, creationTxHash }, explorerUrl) {
  const td = cell('tx')
  td.dataset.label = 'Transaction'
  const hash = element('span', { className: 'mono', title: creationTxHash }, ends(creationTxHash))
  td.append(hash, copyButton(creationTxHash, `transaction hash of job ${ends(jobId)}`))
  if (explorerUrl !== null)
    td.append(explorerLink(explorerUrl, creationTxHash, `Transaction of job ${ends(jobId)}`))
  return td
}

/** Returns the row of the column headings. */
export function headRow(fields) {
  const names = ['Job', 'Status', 'Created', ...fields.map(heading), 'Transaction']
  const kinds = ['job', 'status', 'age', ...fields.map(({ kind }) => kind), 'tx']
  const cells = names.map((name, i) => element('th', { scope: 'col', className: kinds[i] }, name))
  const row = element('tr', { attributes: { 'aria-rowindex': '1' } }, ...cells)
  keepRoles(row)
  return row
}

/**
 * Sets the roles of a table's parts. On a phone the rows are displayed as cards, and a table part with
 * another `display` has no role for a screen reader.
 */
export function keepRoles(root) {
  const roles = {
    table: 'table',
    'thead, tbody': 'rowgroup',
    tr: 'row',
    'th[scope=col]': 'columnheader',
    'th[scope=row]': 'rowheader',
    td: 'cell',
  }
  for (const [selector, role] of Object.entries(roles))
    for (const each of [root, ...root.querySelectorAll(selector)])
      if (each.matches(selector)) each.setAttribute('role', role)
}
