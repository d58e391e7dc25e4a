import { TONES } from './definition.js'
import { roughly } from './format.js'
import { axisTimes, axisValues, chartHeight } from './scale.js'

/** Space around the bars in pixels: value labels on the left, time labels below. */
const LEFT = 40
const BOTTOM = 22
const TOP = 8
/** Width of a time's label in pixels. */
const LABEL = 34

/**
 * Creates a chart of stacked bars in an svg element, whose units are pixels.
 * @param isCount whether the bars are counts; otherwise they are amounts
 * @param onPoint called with the index of the bar under the pointer, or null
 */
export function createBars(svg, { isCount, onPoint }) {
  let drawn = null
  const pointer = part('rect', { class: 'pointer', y: TOP, width: 0 })
  const grid = part('g', {})
  const layers = new Map(TONES.map((tone) => [tone, part('path', { 'data-tone': tone })]))
  const cuts = part('path', { class: 'cut' })
  svg.replaceChildren(pointer, grid, ...layers.values(), cuts)

  const draw = () => {
    if (drawn === null) return
    const { series, sums, range, begin, end } = drawn
    const width = svg.clientWidth - LEFT
    const height = svg.clientHeight - BOTTOM - TOP
    if (width <= 0) return
    const { top, cut } = chartHeight(sums, { isCount })
    const slot = width / sums.length
    const bar = Math.max(1, Math.min(22, slot * 0.78))
    const x = (index) => LEFT + index * slot + (slot - bar) / 2
    const y = (value) => TOP + height - Math.min(1, value / top) * height

    const floors = sums.map(() => 0)
    for (const [tone, path] of layers) {
      const rectangles = series.get(tone).map((value, i) => {
        const from = floors[i]
        floors[i] += value
        return value === 0 ? '' : rectangle(x(i), bar, y(from), y(floors[i]))
      })
      path.setAttribute('d', rectangles.join(''))
    }
    cuts.setAttribute('d', cut.map((i) => cutMark(x(i), bar)).join(''))
    const xOfTime = (time) => LEFT + ((time - begin) / range.step) * slot
    const times = axisTimes(begin, end, range.ticks, { width, space: range.space })
    grid.replaceChildren(
      ...axisValues(top, Math.max(2, Math.floor(height / 30)), { isCount }).flatMap((value) =>
        gridLine(value, y(value), width),
      ),
      ...timeLabels(times, xOfTime, { range, width, y: TOP + height + 17 }),
    )
    drawn.slot = slot
    pointer.setAttribute('height', height)
    return cut
  }

  const point = (index) => {
    pointer.setAttribute('width', index === null ? 0 : drawn.slot)
    if (index !== null) pointer.setAttribute('x', LEFT + index * drawn.slot)
  }
  // The svg element gets pointer events on its shapes only, so the figure listens.
  const figure = svg.closest('figure')
  figure.addEventListener('pointermove', ({ clientX }) => {
    const at = clientX - svg.getBoundingClientRect().left - LEFT
    const index = Math.floor(at / (drawn?.slot ?? 1))
    onPoint(index >= 0 && index < (drawn?.sums.length ?? 0) ? index : null)
  })
  figure.addEventListener('pointerleave', () => onPoint(null))
  new ResizeObserver(draw).observe(svg)

  return {
    point,
    /**
     * @param series tone → one value per bar
     * @param sums one total per bar
     * @returns the indexes of the bars that are cut off
     */
    draw(series, sums, { range, begin, end }) {
      drawn = { ...drawn, series, sums, range, begin, end }
      return draw() ?? []
    },
  }
}

function gridLine(value, y, width) {
  return [
    part('line', { x1: LEFT, x2: LEFT + width, y1: y, y2: y }),
    label(roughly(value), { x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }),
  ]
}

function timeLabels(times, xOf, { range, width, y }) {
  // The svg would clip a label at its right edge.
  const fitting = times.filter((time) => xOf(time) < LEFT + width - LABEL)
  return fitting.map((time) => label(range.label(time), { x: xOf(time), y }))
}

/** Returns one part of a stacked bar, from its lower to its upper edge. */
function rectangle(x, width, from, to) {
  return `M${x.toFixed(1)} ${from.toFixed(1)}V${to.toFixed(1)}h${width.toFixed(1)}V${from.toFixed(1)}z`
}

/** Marks a bar as cut off: two slanted lines across its upper end. */
function cutMark(x, width) {
  const line = (y) => `M${(x - 2).toFixed(1)} ${y + 3}l${(width + 4).toFixed(1)} -4`
  return line(TOP + 6) + line(TOP + 10)
}

function part(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

function label(text, attributes) {
  const made = part('text', attributes)
  made.textContent = text
  return made
}
