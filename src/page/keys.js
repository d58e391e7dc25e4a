/** What of a row takes the focus, the job's link first. */
export const controlsOf = (row) => [...row.querySelectorAll('a, button')]

/**
 * The rows of a table by keyboard. The table is one tab stop: the link of the row that had the focus last. Up and down go
 * from row to row, left and right to what is in a row.
 */
export function createKeys(body) {
  let key // of the row that had the focus last, which may have been created anew since
  let stop

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
    /** Call it when the rows are others. Without the row that had the focus, the tab stop is the first one on the screen. */
    update(rows) {
      const row = rows.find((each) => each.dataset.key === key) ?? rows.find(isOnScreen) ?? rows[0]
      setStop(row && controlsOf(row)[0])
    },
  }
}

/** Whether no part of a row is above the screen. */
const isOnScreen = (row) => row.getBoundingClientRect().top >= 0
