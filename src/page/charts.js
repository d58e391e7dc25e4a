import { definition, fieldOf, TONES, tone } from './definition.js'
import { $, choiceElement } from './elements.js'
import { createFigure } from './figure.js'
import { clockTime, count, dayMonth, formatInteger, title } from './format.js'
import { completeSince, liveJobs } from './list.js'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/**
 * The ranges to choose from. Times are in seconds. `space` is the least distance between labels in pixels.
 */
const ranges = {
  hour: {
    name: 'Last 60 minutes',
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
/** The hour's chart shows at least this many minutes. With fewer bars it would be unreadable. */
const MIN_MINUTES = 10
/** Delay from a change to the next drawing, so that a burst of changes is drawn once. */
const DRAW_DELAY_MS = 250
/** The charts are drawn this often even if nothing changes, since their range ends now. */
const REDRAW_MS = 10_000

/**
 * Creates the charts of the jobs and their amounts, coloured by the contract's first choice. The last hour is
 * drawn from the jobs in the list, so it follows the filters. A day and 7 days are drawn from the hourly
 * totals of /api/v1/stats, which count all jobs.
 */
export function createCharts({ list, hasFilters }) {
  const { choice, sum } = definition()
  const figures = [createFigure('jobs', pointAll)]
  if (sum !== null) figures.push(createFigure('amount', pointAll))
  $('amount-figure').hidden = sum === null
  $('amount-title').textContent = sum === null ? '' : title(sum)
  $('charts').classList.toggle('single', sum === null)
  showLegend(choice)
  let hours = []
  let range = ranges.hour
  let isScheduled = false

  function pointAll(index) {
    for (const figure of figures) figure.point(index)
  }

  const draw = () => {
    isScheduled = false
    const end = Math.ceil((Date.now() / 1000 + 1) / range.step) * range.step
    const isHour = range === ranges.hour
    const begin = isHour ? beginOfHour(end, list) : end - range.seconds
    const tallies = isHour ? liveJobs(list).map(tallyOfJob) : hours.map(tallyOfHour)
    for (const figure of figures) figure.draw(range, tallies, begin, end)
    $('scope').textContent = isHour ? hourScope(end, list, hasFilters()) : totalsScope(range, hasFilters())
  }

  const schedule = () => {
    if (isScheduled) return
    isScheduled = true
    setTimeout(() => requestAnimationFrame(draw), DRAW_DELAY_MS)
  }

  $('charts').addEventListener('change', ({ target }) => {
    range = ranges[target.value]
    draw()
  })
  setInterval(schedule, REDRAW_MS)

  return {
    schedule,
    setHours(value) {
      hours = value
      schedule()
    },
  }
}

/**
 * Returns the time at which the hour's chart begins. It is the time from which on the list has every job, but at
 * most an hour and at least MIN_MINUTES before the end.
 */
function beginOfHour(end, list) {
  const complete = Math.ceil(completeSince(list) / MINUTE) * MINUTE
  return Math.max(end - HOUR, Math.min(complete, end - MIN_MINUTES * MINUTE))
}

function hourScope(end, list, hasFilters) {
  const since = completeSince(list)
  const omitted = list.missed > 0 ? `, without ${count('waiting job', list.missed)}` : ''
  if (since <= end - HOUR) return ranges.hour.name + (hasFilters ? ', matching jobs' : '') + omitted
  const number = formatInteger(list.live.size)
  return `Since ${clockTime(since)}: the newest ${number} ${hasFilters ? 'matching jobs' : 'jobs'}${omitted}`
}

function totalsScope({ name }, hasFilters) {
  return hasFilters ? `${name}, all jobs (filters do not apply)` : name
}

function tallyOfJob(job) {
  const { choice, sum } = definition()
  const amount = sum === null ? 0 : Number(job[sum] ?? 0)
  return { at: Number(job.onchainCreatedAt), tone: tone(job[choice]), jobs: 1, amount }
}

function tallyOfHour({ hour, choice, jobs, amount }) {
  return { at: Number(hour), tone: tone(choice), jobs, amount: Number(amount ?? 0) }
}

function showLegend(choice) {
  if (choice === null) return
  const field = fieldOf(choice)
  const values = field.values.slice(0, TONES.length - 1)
  $('legend').replaceChildren(...values.map((value) => choiceElement(field, value)))
}
