import { $ } from './elements.js'
import { count } from './format.js'
import { holdList, waitingCount } from './list.js'

/**
 * Holds the list while it is paused or its beginning is above the screen, so that rows do not move under the
 * reader. A button in the header says how many more jobs wait. A click on it shows them and releases the list.
 * @param onOverflow called if more jobs would have appeared than may wait: the list must be read again
 */
export function createHold(list, { onOverflow }) {
  const waiting = $('waiting')
  const pause = $('pause')
  let isPaused = false
  let isScrolledDown = false

  const apply = () => {
    if (!holdList(list, isPaused || isScrolledDown)) onOverflow()
  }

  const setPaused = (value) => {
    isPaused = value
    pause.textContent = isPaused ? 'Resume' : 'Pause'
    pause.classList.toggle('on', isPaused)
    apply()
  }

  pause.addEventListener('click', () => setPaused(!isPaused))
  waiting.addEventListener('click', () => {
    isScrolledDown = false
    setPaused(false)
    $('feed').scrollIntoView({ block: 'start' })
    $('jobs-title').focus({ preventScroll: true })
  })
  new IntersectionObserver(
    (entries) => {
      // After a busy moment there are several, the newest last.
      const entry = entries.at(-1)
      isScrolledDown = !entry.isIntersecting && entry.boundingClientRect.top < entry.rootBounds.top
      apply()
    },
    // The page's header covers the upper edge of the screen.
    { rootMargin: '-64px 0px 0px 0px' },
  ).observe($('list-top'))

  return {
    show() {
      const number = waitingCount(list)
      waiting.hidden = number === 0
      waiting.querySelector('span').textContent = count('more job', number)
    },
  }
}
