/* global uPlot */
import { clockTime, compactNumber, dayMonth, strategies, strategyName } from './format.js'

// Enough for an hour of five jobs a second; a busier chain gets a chart of less than an hour.
const mostRecent = 20_000
const known = [...strategies, 'OTHER']
const ranges = {
  hour: { seconds: 3600, step: 60, unit: 'per minute', ticks: [300, 600, 900, 1800], label: clockTime },
  week: {
    seconds: 7 * 86400,
    step: 3 * 3600,
    unit: 'per 3 hours',
    ticks: [86400, 2 * 86400],
    label: dayMonth,
  },
}

/**
 * Two stacked bar charts, jobs and budget by strategy, over the last hour (from the jobs that this page has
 * seen) or the last seven days (from the API's hourly sums).
 */
export function createCharts(root) {
  const recent = new Map() // jobId → job, of the last hour
  const figures = Object.fromEntries(
    ['jobs', 'budget'].map((measure) => [measure, createFigure(root, measure)]),
  )
  let hours = []
  let coveredSince = Number.POSITIVE_INFINITY
  let droppedUntil = 0
  let range = 'hour'
  let scheduled = false

  const draw = () => {
    scheduled = false
    const { seconds, step } = ranges[range]
    const end = Math.ceil((Date.now() / 1000 + 1) / step) * step
    const since = end - seconds
    for (const [id, job] of recent) if (Number(job.onchainCreatedAt) < end - 3600) recent.delete(id)
    const entries =
      range === 'hour'
        ? Array.from(recent.values(), (job) => ({
            at: Number(job.onchainCreatedAt),
            strategyType: job.strategyType,
            jobs: 1,
            budget: Number(job.budget),
          }))
        : hours.map((bucket) => ({ ...bucket, at: Number(bucket.hour), budget: Number(bucket.budget) }))
    // Before what was loaded there may have been more: the chart begins where it knows.
    const knownSince = Math.max(Number.isFinite(coveredSince) ? coveredSince : 0, droppedUntil)
    const begin =
      range === 'week'
        ? since
        : Math.max(since, Math.min(Math.ceil(knownSince / step) * step, end - 10 * step))
    for (const figure of Object.values(figures)) figure.draw(ranges[range], entries, begin, end)
    root.querySelector('[data-field=scope]').textContent =
      range === 'week'
        ? 'All jobs, whatever the filters'
        : begin > since
          ? `Since ${clockTime(begin)}`
          : 'Last 60 minutes'
  }
  const schedule = () => {
    if (scheduled) return
    scheduled = true
    setTimeout(() => requestAnimationFrame(draw), 250)
  }

  for (const input of root.querySelectorAll('input[name=range]'))
    input.addEventListener('change', () => {
      range = root.querySelector('input[name=range]:checked').value
      draw()
    })
  // The canvas does not follow the style by itself.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', schedule)
  setInterval(schedule, 10_000)

  return {
    add(job) {
      recent.set(job.jobId, job)
      if (recent.size > mostRecent) {
        const [id, oldest] = recent.entries().next().value
        recent.delete(id)
        droppedUntil = Math.max(droppedUntil, Number(oldest.onchainCreatedAt))
      }
      schedule()
    },
    remove(job) {
      recent.delete(job.jobId)
      schedule()
    },
    clear() {
      recent.clear()
      coveredSince = Number.POSITIVE_INFINITY
      droppedUntil = 0
      schedule()
    },
    cover(since) {
      coveredSince = Math.min(coveredSince, since)
      schedule()
    },
    setHours(value) {
      hours = value
      schedule()
    },
  }
}

function createFigure(root, measure) {
  const figure = root.querySelector(`[data-measure=${measure}]`)
  const canvas = figure.querySelector('.plot')
  const readout = figure.querySelector('[data-field=readout]')
  const unit = figure.querySelector('[data-field=unit]')
  let range = ranges.hour
  let plain = known.map(() => [])
  let begin = 0
  let end = 1

  const color = (name) => getComputedStyle(root).getPropertyValue(name)
  const font = `11px ${getComputedStyle(root).fontFamily}`
  const amount = (value) => (measure === 'jobs' ? `${value}` : `${compactNumber(value)} USDC`)

  const describe = (u) => {
    const at = u.cursor.idx
    const x = u.data[0][at]
    if (at == null || x === undefined || u.cursor.left < 0) {
      readout.textContent = ''
      return
    }
    const total = plain.reduce((sum, values) => sum + values[at], 0)
    readout.textContent = `${range === ranges.week ? `${dayMonth(x)}, ` : ''}${clockTime(x)} · ${amount(total)}`
  }

  const plot = new uPlot(
    {
      width: Math.max(canvas.clientWidth, 200),
      height: canvas.clientHeight,
      padding: [8, 4, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: false, y: false },
        sync: { key: 'charts' },
        // A bar stands from its time on, so the one under the pointer is not always the nearest.
        dataIdx: (u) => Math.floor((u.posToVal(u.cursor.left, 'x') - begin) / range.step),
      },
      scales: {
        x: { range: () => [begin, end] },
        y: { range: (_u, _min, max) => [0, Math.max(max * 1.08, measure === 'jobs' ? 4 : 1)] },
      },
      axes: [
        {
          size: 22,
          gap: 4,
          font,
          space: 44,
          stroke: () => color('--faint'),
          grid: { show: false },
          ticks: { show: false },
          incrs: () => range.ticks,
          // A label at the very edge would be cut.
          values: (u, splits) =>
            splits.map((at) => (u.valToPos(at, 'x') > u.over.clientWidth - 14 ? '' : range.label(at))),
        },
        {
          size: 40,
          gap: 6,
          font,
          space: 28,
          stroke: () => color('--faint'),
          grid: { stroke: () => color('--line'), width: 1 },
          ticks: { show: false },
          incrs: [1, 2, 5]
            .flatMap((n) => Array.from({ length: 16 }, (_, e) => n * 10 ** e))
            .sort((a, b) => a - b),
          values: (_u, splits) => splits.map((value) => compactNumber(value)),
        },
      ],
      // The whole stack first, then what is left of it without its top: each layer covers the one before.
      series: [
        {},
        ...known.toReversed().map((strategy) => ({
          label: strategyName(strategy),
          fill: () => color(`--${strategy}`),
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars({ size: [0.78, 22], align: 1 }),
        })),
      ],
      hooks: { setCursor: [describe] },
    },
    [[0], ...known.map(() => [0])],
    canvas,
  )
  new ResizeObserver(() => plot.setSize({ width: canvas.clientWidth, height: canvas.clientHeight })).observe(
    canvas,
  )

  return {
    draw(newRange, entries, newBegin, newEnd) {
      range = newRange
      begin = newBegin
      end = newEnd
      unit.textContent = range.unit
      const length = Math.round((end - begin) / range.step)
      const times = Array.from({ length }, (_, i) => begin + i * range.step)
      plain = known.map(() => new Array(length).fill(0))
      for (const entry of entries) {
        const i = Math.floor((entry.at - begin) / range.step)
        const layer = known.indexOf(entry.strategyType)
        if (i >= 0 && i < length) plain[layer === -1 ? known.length - 1 : layer][i] += entry[measure]
      }
      const sums = []
      for (const values of plain) sums.push(values.map((value, i) => value + (sums.at(-1)?.[i] ?? 0)))
      plot.setData([times, ...sums.reverse()])
      canvas.setAttribute('aria-label', summary(sums[0], times))
    },
  }

  function summary(totals, times) {
    const sum = totals.reduce((a, b) => a + b, 0)
    const what = measure === 'jobs' ? 'Jobs' : 'Budget'
    if (sum === 0) return `${what} ${range.unit}: none`
    const peak = totals.indexOf(Math.max(...totals))
    return `${what} ${range.unit}: ${amount(sum)} in all, most at ${clockTime(times[peak])} with ${amount(totals[peak])}`
  }
}
