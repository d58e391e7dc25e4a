import { columns } from './definition.js'
import { element, refreshAges } from './elements.js'
import { controlsOf, createKeys } from './keys.js'
import { createRow, headRow, keepRoles } from './row.js'

/** Up to so many rows all are in the document; of more, those near the screen. */
const ALL_ROWS = 200
/** Rows kept above and below the screen, in steps of which the window moves. */
const MARGIN = 60
const STEP = 20
/** Older jobs are asked for when the end is this near, in pixels. */
const NEAR_END = 1000
const PHONE = matchMedia('(max-width: 48rem)')

/**
 * Shows a list as the rows of a table.
 * @param context what a row needs: `explorerUrl`, `filters`
 * @param onNearEnd called when the reader nears the last row
 */
export function createRows(table, { list, context, onNearEnd }) {
  const [body] = table.tBodies
  const above = spacer()
  const below = spacer()
  const rows = new Map() // entry → row, of those in the document
  const keys = createKeys(body)
  const seen = new WeakSet() // entries that were highlighted
  let fields = []
  let rowHeight = 38
  let scheduled = false
  let reserve = 0 // rem that the columns take more than expected

  keepRoles(table)
  body.append(above, below)
  table.tabIndex = -1

  const render = () => {
    scheduled = false
    const { entries } = list
    if (chooseColumns()) rows.clear()
    const [from, to] = windowOf(entries.length)
    const wanted = entries.slice(from, to)
    const restore = keepPlace(body, wanted, rows)
    const kept = new Map(wanted.map((entry) => [entry, rows.get(entry) ?? newRow(entry)]))
    const inside = new Set(kept.values())
    for (const row of [...body.rows]) if (row !== above && row !== below && !inside.has(row)) row.remove()
    let next = above.nextSibling
    for (const row of inside) {
      if (row === next) next = next.nextSibling
      else body.insertBefore(row, next)
    }
    rows.clear()
    for (const [entry, row] of kept) rows.set(entry, row)
    wanted.forEach((entry, i) => {
      rows.get(entry).setAttribute('aria-rowindex', String(from + i + 2))
    })
    table.setAttribute('aria-rowcount', list.older === null ? String(entries.length + 1) : '-1')
    if (wanted.length > 0) rowHeight = measure(wanted.length)
    resize(above, from * rowHeight)
    resize(below, (entries.length - to) * rowHeight)
    restore()
    keys.update([...rows.values()])
    if (table.scrollWidth > table.parentElement.clientWidth && fields.length > 0 && !PHONE.matches) {
      reserve += 2
      schedule()
    }
    if (body.getBoundingClientRect().bottom < innerHeight + NEAR_END) onNearEnd()
  }

  const schedule = () => {
    if (scheduled) return
    scheduled = true
    requestAnimationFrame(render)
  }

  /** @returns whether the columns are others than before */
  const chooseColumns = () => {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
    const width = PHONE.matches ? Number.POSITIVE_INFINITY : table.parentElement.clientWidth / rem - reserve
    const next = columns(
      width,
      list.entries.map(({ job }) => job),
    )
    const isSame = table.tHead.rows.length > 0 && names(next) === names(fields)
    if (isSame) return false
    fields = next
    table.tHead.replaceChildren(headRow(fields))
    return true
  }

  const newRow = (entry) => {
    const row = createRow(entry, { fields, ...context() })
    if (entry.mark && !entry.gone && !seen.has(entry)) row.classList.add(entry.mark)
    seen.add(entry)
    return row
  }

  /** The first and the last entry to show. */
  const windowOf = (length) => {
    if (length <= ALL_ROWS) return [0, length]
    const first = Math.floor(-body.getBoundingClientRect().top / rowHeight)
    const visible = Math.ceil(innerHeight / rowHeight)
    const from = Math.floor((first - MARGIN) / STEP) * STEP
    const to = Math.ceil((first + visible + MARGIN) / STEP) * STEP
    return [Math.max(0, Math.min(from, length - visible)), Math.max(visible, Math.min(to, length))]
  }

  const measure = (count) => {
    const bottom = below.previousElementSibling.getBoundingClientRect().bottom
    return (bottom - above.nextElementSibling.getBoundingClientRect().top) / count
  }

  addEventListener('scroll', () => list.entries.length > 0 && schedule(), { passive: true })
  new ResizeObserver(() => {
    reserve = 0
    schedule()
  }).observe(table.parentElement)
  bindClicks(body)

  return {
    schedule,
    /** Creates all rows anew, for another context. */
    redraw() {
      rows.clear()
      schedule()
    },
    tick: () => refreshAges(body),
  }
}

const names = (fields) => fields.map(({ name }) => name).join()

function spacer() {
  return element('tr', { hidden: true, className: 'spacer', attributes: { 'aria-hidden': 'true' } })
}

function resize(row, height) {
  row.hidden = height <= 0
  row.style.height = `${height}px`
}

/**
 * Remembers the focus, and the row under the reader's eye if the list's beginning is above the screen.
 * @returns what puts both back after the rows have changed
 */
function keepPlace(body, wanted, rows) {
  const active = document.activeElement
  const focused = body.contains(active) ? active.closest('tr') : null
  const control = focused ? controlsOf(focused).indexOf(active) : -1
  const isDown = body.getBoundingClientRect().top < 0
  const anchor = isDown
    ? [...rows].find(([entry, row]) => wanted.includes(entry) && row.getBoundingClientRect().bottom > 100)
    : undefined
  const top = anchor?.[1].getBoundingClientRect().top
  return () => {
    if (anchor?.[1].isConnected) {
      const moved = anchor[1].getBoundingClientRect().top - top
      if (Math.abs(moved) >= 1) scrollBy({ top: moved, behavior: 'instant' })
    }
    if (focused === null || focused.isConnected) return
    const same = [...rows.values()].find(({ dataset }) => dataset.key === focused.dataset.key)
    const target = same ? (controlsOf(same)[control] ?? controlsOf(same)[0]) : body.closest('table')
    target.focus({ preventScroll: true })
  }
}

/** A click beside the links of a row opens its job. */
function bindClicks(body) {
  body.addEventListener('click', (event) => {
    const isPlain = event.button === 0 && getSelection().isCollapsed && !event.target.closest('a, button')
    if (isPlain) event.target.closest('tr')?.querySelector('.job a')?.click()
  })
}
