import { createBars } from './bars.js'
import { definition, fieldOf, TONES } from './definition.js'
import { $ } from './elements.js'
import { count, formatInteger, roughly } from './format.js'

/**
 * Creates one chart with its caption.
 * @param measure 'jobs' or 'amount'
 * @param onPoint called with the index of the bar under the pointer, or null
 */
export function createFigure(measure, onPoint) {
  const figure = $(`${measure}-figure`)
  const svg = figure.querySelector('svg')
  const bars = createBars(svg, { isCount: measure === 'jobs', onPoint })
  const valueText = (value) =>
    measure === 'jobs' ? count('job', value) : `${roughly(value)} ${fieldOf(definition().sum).unit}`
  let drawn
  let pointed = null // index of the marked bar

  /** Marks a bar and shows its value; none for null. */
  const point = (index) => {
    pointed = index
    bars.point(index)
    figure.querySelector('.readout').textContent =
      index === null ? '' : `${drawn.range.when(drawn.times[index])}: ${valueText(drawn.sums[index])}`
  }

  return {
    point,

    /** Draws tallies `{ at, tone, jobs, amount }` as bars from `begin` to `end`. */
    draw(range, tallies, begin, end) {
      drawn = { range, ...stack(tallies, measure, { begin, end, step: range.step }) }
      const { times, sums, series } = drawn
      const cut = bars.draw(series, sums, { range, begin, end })
      const highest = sums.indexOf(Math.max(...sums))
      const peak = `${valueText(sums[highest])} at ${range.when(times[highest])}`
      const total = sums.reduce((all, each) => all + each, 0)
      figure.querySelector('.unit').textContent = range.unit
      figure.querySelector('.note').textContent =
        cut.length === 0 ? '' : `${count('bar', cut.length)} cut off, the highest is ${peak}`
      const totalText = measure === 'jobs' ? formatInteger(total) : valueText(total)
      const name = `${figure.querySelector('b').textContent} ${range.unit}: ${totalText} in all`
      svg.setAttribute('aria-label', total === 0 ? name : `${name}, most ${peak}`)
      // The new range may have fewer bars.
      point(pointed < sums.length ? pointed : null)
    },
  }
}

/** @returns `times` and `sums` of the bars, and `series`: tone → one value per bar */
function stack(tallies, measure, { begin, end, step }) {
  const length = Math.round((end - begin) / step)
  const times = Array.from({ length }, (_, i) => begin + i * step)
  const sums = new Array(length).fill(0)
  const series = new Map(TONES.map((tone) => [tone, new Array(length).fill(0)]))
  for (const tally of tallies) {
    const index = Math.floor((tally.at - begin) / step)
    if (index < 0 || index >= length) continue
    series.get(tally.tone)[index] += tally[measure]
    sums[index] += tally[measure]
  }
  return { times, sums, series }
}
