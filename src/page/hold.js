import { $ } from './elements.js'
import { integer } from './format.js'

/**
 * Holds the list while the reader paused it or is down in it, so that nothing moves. A button in the header says how many
 * new jobs wait and leads to them.
 * @param onOverflow more jobs waited than the list keeps: it must be loaded anew
 */
export function createHold(list, { onOverflow }) {
  const waiting = $('waiting')
  const pause = $('pause')
  let isPaused = false
  let isDown = false

  const apply = () => {
    if (!list.hold(isPaused || isDown)) onOverflow()
  }

  const setPaused = (value) => {
    isPaused = value
    pause.textContent = isPaused ? 'Resume' : 'Pause'
    pause.classList.toggle('on', isPaused)
    apply()
  }

  pause.addEventListener('click', () => setPaused(!isPaused))
  waiting.addEventListener('click', () => {
    isDown = false
    setPaused(false)
    $('feed').scrollIntoView({ block: 'start' })
    $('jobs-title').focus({ preventScroll: true })
  })
  new IntersectionObserver(
    ([entry]) => {
      isDown = !entry.isIntersecting && entry.boundingClientRect.top < entry.rootBounds.top
      apply()
    },
    // The page's header covers the upper edge.
    { rootMargin: '-64px 0px 0px 0px' },
  ).observe($('list-top'))

  return {
    show() {
      const count = list.waiting
      waiting.hidden = count === 0
      waiting.querySelector('span').textContent = `${integer(count)} new ${count === 1 ? 'job' : 'jobs'}`
    },
  }
}
