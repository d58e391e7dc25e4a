import { controlsOf } from './keys.js'

/**
 * A row whose lower edge is less than this many pixels below the top of the screen counts as hidden. The
 * page's header covers 52 of them, on a phone 76.
 */
const HIDDEN_PX = 100

/**
 * Saves the reader's place before rows change: the focused control and, if the list starts above the screen,
 * the position of the first visible row.
 * @param wanted entries that will be shown
 * @param shown entry → row, of the rows before the change
 * @returns a function that restores the place after the change
 */
export function savePlace(body, wanted, shown) {
  const restoreScroll = saveScroll(body, wanted, shown)
  const restoreFocus = saveFocus(body)
  return () => {
    restoreScroll()
    restoreFocus()
  }
}

function saveScroll(body, wanted, shown) {
  const isScrolledDown = body.getBoundingClientRect().top < 0
  const stays = new Set(wanted)
  const isAnchor = ([entry, row]) => stays.has(entry) && row.getBoundingClientRect().bottom > HIDDEN_PX
  const [, anchor] = (isScrolledDown && [...shown].find(isAnchor)) || []
  const top = anchor?.getBoundingClientRect().top
  return () => {
    if (!anchor?.isConnected) return
    const moved = anchor.getBoundingClientRect().top - top
    if (Math.abs(moved) >= 1) scrollBy({ top: moved, behavior: 'instant' })
  }
}

function saveFocus(body) {
  const active = document.activeElement
  const row = body.contains(active) ? active.closest('tr') : null
  const control = row ? controlsOf(row).indexOf(active) : -1
  return () => {
    if (row === null || row.isConnected) return
    const successor = [...body.rows].find(({ dataset }) => dataset.key === row.dataset.key)
    const controls = successor ? controlsOf(successor) : []
    const target = controls[control] ?? controls[0] ?? body.closest('table')
    target.focus({ preventScroll: true })
  }
}
