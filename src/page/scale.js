/** A bar that is higher than the median by this factor is cut off. */
const CUT_FACTOR = 20
/** Space above the highest bar, as a share of it. */
const HEADROOM = 1.08
/** Value at the upper edge of a chart of counts that are low or 0. */
const MIN_COUNT = 4

/**
 * Returns the height of a chart: that of its highest bar. A bar of amounts is cut off if it is so high that it
 * would flatten all others.
 * @param isCount whether the bars are counts; otherwise they are amounts
 * @returns `{ top, cut }`: the value at the upper edge, and the indexes of the bars that are cut off there
 */
export function chartHeight(heights, { isCount }) {
  const sorted = heights.filter((height) => height > 0).sort((a, b) => a - b)
  const highest = sorted.at(-1) ?? 0
  const limit = CUT_FACTOR * (sorted[Math.floor((sorted.length - 1) / 2)] ?? 0)
  if (isCount) return { top: Math.max(MIN_COUNT, highest * HEADROOM), cut: [] }
  if (highest <= limit) return { top: highest * HEADROOM || 1, cut: [] }
  const usual = sorted.findLast((height) => height <= limit)
  const top = usual * 1.25
  return { top, cut: heights.flatMap((height, i) => (height > top ? [i] : [])) }
}

/** Returns about `count` round values for an axis from 0 to `top`; whole numbers if they are counts. */
export function axisValues(top, count, { isCount }) {
  const power = 10 ** Math.floor(Math.log10(top / count))
  const step = Math.max(
    isCount ? 1 : 0,
    [1, 2, 5, 10].map((n) => n * power).find((n) => top / n <= count + 0.5),
  )
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => i * step)
}

/**
 * Returns times for an axis: round in the reader's time zone, one of `distances` apart, and at least `space`
 * pixels apart.
 */
export function axisTimes(begin, end, distances, { width, space }) {
  const most = Math.max(1, Math.floor(width / space))
  const distance = distances.find((each) => (end - begin) / each <= most) ?? distances.at(-1)
  const offset = offsetAt(begin)
  const first = Math.ceil((begin - offset) / distance) * distance + offset
  const times = []
  for (let time = first; ; time += distance) {
    // The time zone's offset may change within the axis, by a part of the distance or by several.
    const round = time + ((offsetAt(time) - offset) % distance)
    if (round >= end) return times
    if (round >= begin) times.push(round)
  }
}

/** Returns the seconds from a local time of the reader to UTC. */
function offsetAt(time) {
  return new Date(time * 1000).getTimezoneOffset() * 60
}
