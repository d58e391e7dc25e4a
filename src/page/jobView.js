import { siteUrl } from './api.js'
import { definition, heading } from './definition.js'
import { $, ageElement, copyButton, element, explorerLink, statusElement, valueElement } from './elements.js'
import { ends, exactTime, formatInteger, title } from './format.js'

/**
 * Shows a job's fields and lifecycle, and highlights the differences from before.
 * @param before the job as it was last shown; null at first
 */
export function showJob({ lifecycle, ...job }, before, explorerUrl) {
  document.title = `Job ${ends(job.jobId)} – Jobcast`
  $('title').textContent = `Job #${ends(job.jobId, 10, 8)}`
  $('status').replaceChildren(statusElement(job.status))
  $('fields').replaceChildren(
    ...definition().fields.flatMap((field) => {
      const dd = element('dd', {}, ...fieldContent(field, job[field.name], explorerUrl))
      if (before && before[field.name] !== job[field.name]) dd.className = 'changed'
      const dt = element('dt', {}, title(field.name))
      if (field.about) dt.append(element('small', {}, field.about))
      return [dt, dd]
    }),
  )
  const shown = before?.lifecycle.length ?? lifecycle.length
  $('lifecycle').replaceChildren(
    ...lifecycle.map((event, i) => {
      const item = lifecycleItem(event, lifecycle[i - 1], explorerUrl)
      if (i >= shown) item.classList.add('changed')
      return item
    }),
  )
}

function fieldContent(field, value, explorerUrl) {
  if (value === null) return [valueElement(field, value)]
  const shown = participantLink(field, value) ?? valueElement(field, value)
  const what = title(field.name).toLowerCase()
  if (field.kind === 'time') return [element('span', {}, exactTime(value)), ' (', ageElement(value), ')']
  if (field.kind === 'address') return [shown, copyButton(value, what)]
  if (field.kind !== 'bytes32') return [shown]
  const isTransaction = field.name === 'creationTxHash' && explorerUrl !== null
  const link = isTransaction ? [explorerLink(explorerUrl, value, 'Creating transaction')] : []
  const text = decodeText(value)
  const decoded = text === null ? [] : [element('span', { className: 'decoded' }, `“${text}”`)]
  return [shown, copyButton(value, what), ...link, ...decoded]
}

/**
 * Returns a participant as a link to its jobs; null if the field is not a role, or if the contract has no filter
 * for it.
 */
function participantLink(field, value) {
  if (!field.role || !definition().filters.some(({ name }) => name === field.name)) return null
  const link = element('a', { href: siteUrl(`?${new URLSearchParams({ [field.name]: value })}`) })
  link.title = `Jobs of this ${heading(field).toLowerCase()}`
  link.append(valueElement(field, value))
  return link
}

/** Returns the text that a contract has written into a bytes32, padded with zeros; null if it is not text. */
function decodeText(hex) {
  const codes = (
    hex
      .slice(2)
      .replace(/(00)+$/, '')
      .match(/[0-9a-f]{2}/g) ?? []
  ).map((byte) => Number.parseInt(byte, 16))
  const isText = codes.length > 1 && codes.every((code) => code >= 0x20 && code < 0x7f)
  return isText ? String.fromCharCode(...codes) : null
}

function lifecycleItem({ event, status, timestamp, txHash, blockNumber }, previous, explorerUrl) {
  const badge = statusElement(status)
  const item = element('li', { data: { meaning: badge.dataset.meaning } })
  const head = element('p', { className: 'event' }, element('b', {}, title(event)))
  if (status !== previous?.status) head.append(badge)
  const when = element(
    'p',
    { className: 'when' },
    exactTime(timestamp),
    ' (',
    ageElement(timestamp, { short: true }),
    ')',
  )
  const where = element(
    'p',
    { className: 'where-in-chain' },
    `Block ${formatInteger(blockNumber)}, transaction `,
  )
  where.append(element('span', { className: 'mono', title: txHash }, ends(txHash)))
  where.append(copyButton(txHash, `transaction hash of ${title(event).toLowerCase()}`))
  if (explorerUrl !== null) where.append(explorerLink(explorerUrl, txHash, `Transaction of ${title(event)}`))
  item.append(head, when, where)
  return item
}
