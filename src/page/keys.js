/** Returns the controls of a row, its job's link first. */
export const controlsOf = (row) => [...row.querySelectorAll('a, button')]

/**
 * Gives the keyboard access to the rows of a table. The table is one tab stop: the link of the row that was
 * focused last. The up and down arrow keys move between rows, left and right between the controls of a row.
 */
export function createKeys(body) {
  let key // of the row that was focused last; the row itself may have been replaced since
  let stop // the link that is the tab stop

  const setStop = (link) => {
    if (link === stop) return
    if (stop) stop.tabIndex = -1
    if (link) link.tabIndex = 0
    stop = link
  }

  body.addEventListener('focusin', ({ target }) => {
    const row = target.closest('tr')
    key = row.dataset.key
    setStop(controlsOf(row)[0])
  })
  body.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const row = event.target.closest('tr')
    const controls = controlsOf(row)
    const at = controls.indexOf(event.target)
    const target = {
      ArrowDown: () => controlsOf(row.nextElementSibling ?? row)[0],
      ArrowUp: () => controlsOf(row.previousElementSibling ?? row)[0],
      ArrowRight: () => controls[at + 1],
      ArrowLeft: () => controls[at - 1],
    }[event.key]?.()
    if (!target) return
    event.preventDefault()
    target.focus()
  })

  return {
    /**
     * Must be called when the rows change. If the focused row is gone, the first row on the screen is the
     * tab stop.
     */
    update(rows) {
      const row = rows.find((each) => each.dataset.key === key) ?? rows.find(isBelowTop) ?? rows[0]
      setStop(row && controlsOf(row)[0])
    },
  }
}

const isBelowTop = (row) => row.getBoundingClientRect().top >= 0
