import { columns } from './definition.js'
import { element } from './elements.js'
import { createKeys } from './keys.js'
import { olderPage } from './list.js'
import { savePlace } from './place.js'
import { createRow, headRow, keepRoles } from './row.js'

/**
 * A list of up to this many rows is in the document as a whole. Of a longer list, only the rows near the
 * screen are.
 */
const ALL_ROWS = 200
/** Rows kept above and below the screen. */
const ROW_MARGIN = 60
/**
 * The first and the last row in the document are multiples of this, so that few scroll events change them.
 */
const WINDOW_STEP = 20
/** Distance to the list's end, in pixels, at which older jobs are loaded. */
const NEAR_END = 1000
/** The columns get this much less width, in rem, each time the table turns out wider than the page. */
const RESERVE_STEP = 2
const PHONE = matchMedia('(max-width: 48rem)')

/**
 * Shows a list as rows of a table.
 * @param context returns what every row needs: `{ explorerUrl, filters }`
 * @param onNearEnd called when the reader is near the last row
 */
export function createRows(table, { list, context, onNearEnd }) {
  const [body] = table.tBodies
  const rows = {
    table,
    body,
    list,
    context,
    onNearEnd,
    above: spacer(),
    below: spacer(),
    /** entry → row, of the rows in the document */
    shown: new Map(),
    keys: createKeys(body),
    /** entries whose highlight has been shown */
    seen: new WeakSet(),
    /** fields that have a column */
    fields: [],
    rowHeight: 38,
    /** rem that the columns take beyond what was estimated */
    reserve: 0,
    isScheduled: false,
  }
  keepRoles(table)
  body.append(rows.above, rows.below)
  table.tabIndex = -1
  openJobOnClick(body)
  addEventListener('scroll', () => list.entries.length > 0 && scheduleRows(rows), { passive: true })
  new ResizeObserver(() => {
    rows.reserve = 0
    scheduleRows(rows)
  }).observe(table.parentElement)
  return rows
}

/** Shows the list as it is at the next frame. */
export function scheduleRows(rows) {
  if (rows.isScheduled) return
  rows.isScheduled = true
  requestAnimationFrame(() => {
    rows.isScheduled = false
    render(rows)
  })
}

/** Creates every row again, since their context has changed. */
export function redrawRows(rows) {
  rows.shown.clear()
  scheduleRows(rows)
}

function render(rows) {
  const { table, body, list, above, below } = rows
  const { entries } = list
  if (chooseColumns(rows)) rows.shown.clear()
  const [from, to] = windowOf(rows)
  const wanted = entries.slice(from, to)
  const restorePlace = savePlace(body, wanted, rows.shown)
  rows.shown = new Map(wanted.map((entry) => [entry, rows.shown.get(entry) ?? rowOf(rows, entry)]))
  const elements = [...rows.shown.values()]
  replaceRows(rows, elements)
  elements.forEach((row, i) => {
    row.setAttribute('aria-rowindex', String(from + i + 2))
  })
  table.setAttribute('aria-rowcount', olderPage(list) === null ? String(entries.length + 1) : '-1')
  if (elements.length > 0) rows.rowHeight = averageHeight(elements)
  resize(above, from * rows.rowHeight)
  resize(below, (entries.length - to) * rows.rowHeight)
  restorePlace()
  rows.keys.update(elements)
  narrowColumns(rows)
  if (body.getBoundingClientRect().bottom < innerHeight + NEAR_END) rows.onNearEnd()
}

/**
 * Makes `elements` the rows between the spacers. A row that stays is not moved: moving it would restart
 * its animation.
 */
function replaceRows({ body, above, below }, elements) {
  const kept = new Set([above, ...elements, below])
  for (const row of [...body.rows]) if (!kept.has(row)) row.remove()
  let next = above.nextSibling
  for (const row of elements) {
    if (row === next) next = next.nextSibling
    else body.insertBefore(row, next)
  }
}

/** @returns whether the columns have changed */
function chooseColumns(rows) {
  const { table, list } = rows
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
  const width = PHONE.matches
    ? Number.POSITIVE_INFINITY
    : table.parentElement.clientWidth / rem - rows.reserve
  const jobs = list.entries.map(({ job }) => job)
  const fields = columns(width, jobs)
  const isSame = fields.length === rows.fields.length && fields.every((field, i) => field === rows.fields[i])
  if (isSame && table.tHead.rows.length > 0) return false
  rows.fields = fields
  table.tHead.replaceChildren(headRow(fields))
  return true
}

/** Schedules a frame with fewer columns if the table is too wide: columns are chosen by estimated widths. */
function narrowColumns(rows) {
  const { table, fields } = rows
  const isTooWide = table.scrollWidth > table.parentElement.clientWidth
  if (!isTooWide || fields.length === 0 || PHONE.matches) return
  rows.reserve += RESERVE_STEP
  scheduleRows(rows)
}

function rowOf({ fields, context, seen }, entry) {
  const row = createRow(entry, { fields, ...context() })
  if (entry.mark && !entry.gone && !seen.has(entry)) row.classList.add(entry.mark)
  seen.add(entry)
  return row
}

/** @returns the indexes of the first row in the document and of the first one after them */
function windowOf({ body, rowHeight, list: { entries } }) {
  const { length } = entries
  if (length <= ALL_ROWS) return [0, length]
  const first = Math.floor(-body.getBoundingClientRect().top / rowHeight)
  const visible = Math.ceil(innerHeight / rowHeight)
  const from = Math.floor((first - ROW_MARGIN) / WINDOW_STEP) * WINDOW_STEP
  const to = Math.ceil((first + visible + ROW_MARGIN) / WINDOW_STEP) * WINDOW_STEP
  return [Math.max(0, Math.min(from, length - visible)), Math.max(visible, Math.min(to, length))]
}

function averageHeight(elements) {
  const { top } = elements[0].getBoundingClientRect()
  return (elements.at(-1).getBoundingClientRect().bottom - top) / elements.length
}

function spacer() {
  return element('tr', { hidden: true, className: 'spacer', attributes: { 'aria-hidden': 'true' } })
}

function resize(row, height) {
  row.hidden = height <= 0
  row.style.height = `${height}px`
}

/**
 * A click anywhere in a row opens its job, except on a link, on a button, or at the end of a text selection.
 */
function openJobOnClick(body) {
  body.addEventListener('click', (event) => {
    // With such a key the reader wants a new tab or window, which click() would not open.
    const hasKey = event.metaKey || event.ctrlKey || event.shiftKey
    if (!hasKey && getSelection().isCollapsed && !event.target.closest('a, button'))
      event.target.closest('tr')?.querySelector('.job a')?.click()
  })
}
