import { $ } from './elements.js'

const GAP = 24

/** Sets what the style sheets cannot: where the right column sticks, and which parts are folded at first. */
export function arrangePage() {
  const aside = document.querySelector('aside')
  // A column higher than the screen scrolls until its end is visible, then it sticks.
  const stick = () => {
    const header = document.querySelector('header').offsetHeight
    const top = Math.min(header + GAP, innerHeight - aside.offsetHeight - GAP)
    aside.style.setProperty('--stick', `${top}px`)
  }
  new ResizeObserver(stick).observe(aside)
  addEventListener('resize', stick)

  // On a phone everything above the list is folded, so that the jobs come early.
  const phone = matchMedia('(max-width: 48rem)')
  for (const card of document.querySelectorAll('.card')) card.open = !phone.matches
  // A wider screen shows no summary, with which the reader could open the filters.
  const foldFilters = () => {
    $('filters-box').open = !phone.matches
  }
  phone.addEventListener('change', foldFilters)
  foldFilters()
  $('use').open = matchMedia('(min-width: 72.01rem)').matches
}
