import { createBars } from './bars.js'
import { definition, fieldOf, groupOf, TONES, tone } from './definition.js'
import { $, element } from './elements.js'
import { clockTime, count, dayMonth, integer, roughly, title, words } from './format.js'

const MINUTE = 60
const HOUR = 3600
const DAY = 86_400
const ranges = {
  hour: {
    seconds: HOUR,
    step: MINUTE,
    unit: 'per minute',
    ticks: [1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
    space: 52,
    label: clockTime,
    when: clockTime,
  },
  day: {
    name: 'Last 24 hours',
    seconds: DAY,
    step: HOUR,
    unit: 'per hour',
    ticks: [2, 4, 6, 12].map((n) => n * HOUR),
    space: 52,
    label: clockTime,
    when: (time) => `${dayMonth(time)}, ${clockTime(time)}`,
  },
  week: {
    name: 'Last 7 days',
    seconds: 7 * DAY,
    step: 3 * HOUR,
    unit: 'per 3 hours',
    ticks: [1, 2].map((n) => n * DAY),
    space: 56,
    label: dayMonth,
    when: (time) => `${dayMonth(time)}, ${clockTime(time)}`,
  },
}
/** Fewer bars than this look lost: a chart that does not know the whole hour begins this many minutes ago. */
const LEAST_MINUTES = 10

/**
 * Jobs and their amounts by the contract's first choice: of the last hour from the jobs in the list, so with its filters;
 * of a day and of seven days from the hourly sums of /api/v1/stats, which know no filters.
 */
export function createCharts({ list, hasFilters }) {
  const root = $('charts')
  const { choice, sum } = definition()
  const figures = [createFigure('jobs', { canCut: false, point: pointAll })]
  $('amount-figure').hidden = sum === null
  if (sum !== null) {
    $('amount-title').textContent = title(sum)
    figures.push(createFigure('amount', { canCut: true, point: pointAll }))
  }
  root.classList.toggle('single', sum === null)
  showLegend(choice)
  let hours = []
  let range = 'hour'
  let scheduled = false

  function pointAll(place) {
    for (const figure of figures) figure.point(place)
  }

  const draw = () => {
    scheduled = false
    const { seconds, step } = ranges[range]
    const end = Math.ceil((Date.now() / 1000 + 1) / step) * step
    const isHour = range === 'hour'
    const since = isHour ? knownSince(end) : end - seconds
    const entries = isHour ? list.jobs.map(entryOfJob) : hours.map(entryOfHour)
    for (const figure of figures) figure.draw(ranges[range], entries, since, end)
    $('scope').textContent = isHour ? scopeOfHour(end) : scopeOf(ranges[range])
  }

  const scopeOfHour = (end) => {
    const known = list.coveredSince
    const newest = hasFilters() ? 'newest jobs that match' : 'newest jobs'
    if (known > end - HOUR) return `Since ${clockTime(known)}: the ${integer(list.jobs.length)} ${newest}`
    return hasFilters() ? 'Last 60 minutes, jobs that match the filters' : 'Last 60 minutes'
  }

  const scopeOf = ({ name }) => (hasFilters() ? `${name}, all jobs: the filters do not apply here` : name)

  /** Before what is loaded there may be more jobs: the chart begins where it knows. */
  const knownSince = (end) => {
    const known = Math.ceil(list.coveredSince / MINUTE) * MINUTE
    return Math.max(end - HOUR, Math.min(known, end - LEAST_MINUTES * MINUTE))
  }

  const schedule = () => {
    if (scheduled) return
    scheduled = true
    setTimeout(() => requestAnimationFrame(draw), 250)
  }

  root.addEventListener('change', ({ target }) => {
    range = target.value
    draw()
  })
  setInterval(schedule, 10_000)

  return {
    schedule,
    setHours(value) {
      hours = value
      schedule()
    },
  }
}

function entryOfJob(job) {
  const { sum } = definition()
  return {
    at: Number(job.onchainCreatedAt),
    tone: tone(groupOf(job)),
    jobs: 1,
    amount: sum === null ? 0 : Number(job[sum] ?? 0),
  }
}

function entryOfHour({ hour, choice, jobs, amount }) {
  return { at: Number(hour), tone: tone(choice), jobs, amount: Number(amount ?? 0) }
}

function showLegend(choice) {
  const values = choice === null ? [] : [...fieldOf(choice).values.slice(0, TONES.length - 1)]
  $('legend').replaceChildren(
    ...values.map((value) =>
      element('span', { className: 'choice', data: { tone: tone(value) } }, words(value)),
    ),
  )
}

/** One chart, of `jobs` or of `amount`. */
function createFigure(measure, { canCut, point }) {
  const figure = $(`${measure}-figure`)
  const svg = figure.querySelector('svg')
  const readout = figure.querySelector('.readout')
  const note = figure.querySelector('.note')
  const bars = createBars(svg, { canCut, onPoint: point })
  const show = (value) =>
    measure === 'jobs' ? count('job', value) : `${roughly(value)} ${fieldOf(definition().sum).unit}`
  let times = []
  let sums = []
  let range = ranges.hour

  return {
    point(place) {
      bars.point(place)
      readout.textContent = place === null ? '' : `${range.when(times[place])}: ${show(sums[place])}`
    },

    draw(newRange, entries, begin, end) {
      range = newRange
      figure.querySelector('.unit').textContent = range.unit
      const length = Math.round((end - begin) / range.step)
      times = Array.from({ length }, (_, i) => begin + i * range.step)
      sums = new Array(length).fill(0)
      const series = new Map(TONES.map((each) => [each, new Array(length).fill(0)]))
      for (const entry of entries) {
        const place = Math.floor((entry.at - begin) / range.step)
        if (place < 0 || place >= length) continue
        series.get(entry.tone)[place] += entry[measure]
        sums[place] += entry[measure]
      }
      const cut = bars.draw(series, sums, { range, begin, end })
      const highest = sums.indexOf(Math.max(...sums))
      note.textContent =
        cut.length === 0
          ? ''
          : `${count('bar', cut.length)} cut off, the highest is ${show(sums[highest])} at ${range.when(times[highest])}`
      const total = sums.reduce((all, each) => all + each, 0)
      const name = `${figure.querySelector('b').textContent} ${range.unit}: ${measure === 'jobs' ? integer(total) : show(total)} in all`
      svg.setAttribute(
        'aria-label',
        total === 0 ? `${name}` : `${name}, most ${show(sums[highest])} at ${range.when(times[highest])}`,
      )
    },
  }
}
