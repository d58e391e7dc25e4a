/** A bar that is higher than the median by this factor is cut off. */
const CUT_FACTOR = 20
/** Space above the highest bar, as a share of it. */
const HEADROOM = 1.08
/** Value at the upper edge of a chart with low bars or none. */
const MIN_TOP = 4

/**
 * The height of a chart: that of its highest bar, unless that bar is so high that it would flatten
 * all others.
 * @returns `{ top, cut }`: the value at the upper edge, and the places of the bars that are cut off there
 */
export function chartHeight(heights, { canCut }) {
  const sorted = heights.filter((height) => height > 0).sort((a, b) => a - b)
  const highest = sorted.at(-1) ?? 0
  const limit = CUT_FACTOR * (sorted[Math.floor((sorted.length - 1) / 2)] ?? 0)
  if (!canCut || highest <= limit) return { top: Math.max(MIN_TOP, highest * HEADROOM), cut: [] }
  const usual = sorted.findLast((height) => height <= limit)
  const top = Math.max(MIN_TOP, usual * 1.25)
  return { top, cut: heights.flatMap((height, i) => (height > top ? [i] : [])) }
}

/** About `count` round values for an axis from 0 to `top`, which is at least {@link MIN_TOP}. */
export function axisValues(top, count) {
  const power = 10 ** Math.floor(Math.log10(top / count))
  const step = Math.max(
    1,
    [1, 2, 5, 10].map((n) => n * power).find((n) => top / n <= count + 0.5),
  )
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => i * step)
}

/**
 * Times for an axis: round in the reader's time zone, one of `distances` apart, and at least `space`
 * pixels apart.
 */
export function axisTimes(begin, end, distances, { width, space }) {
  const most = Math.max(1, Math.floor(width / space))
  const distance = distances.find((each) => (end - begin) / each <= most) ?? distances.at(-1)
  const offset = new Date(begin * 1000).getTimezoneOffset() * 60
  const first = Math.ceil((begin - offset) / distance) * distance + offset
  const times = []
  for (let time = first; time < end; time += distance) times.push(time)
  return times
}
