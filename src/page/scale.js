/** A bar so many times higher than the typical one is cut off. */
const ABSURD = 20
/** Space above the highest bar, as a share of it. */
const HEADROOM = 1.08

/**
 * The height of a chart: that of its highest bar, but one absurd amount must not flatten all others.
 * @returns `{ top, cut }`: the value at the upper edge, and the places of the bars that are higher
 */
export function chartHeight(heights, { least, canCut }) {
  const sorted = heights.filter((height) => height > 0).sort((a, b) => a - b)
  const highest = sorted.at(-1) ?? 0
  const limit = ABSURD * (sorted[Math.floor((sorted.length - 1) / 2)] ?? 0)
  if (!canCut || highest <= limit) return { top: Math.max(least, highest * HEADROOM), cut: [] }
  const usual = sorted.findLast((height) => height <= limit)
  const top = Math.max(least, usual * 1.25)
  return { top, cut: heights.flatMap((height, i) => (height > top ? [i] : [])) }
}

/** Round values for an axis from 0 to `top`, about `count` of them. */
export function axisValues(top, count) {
  const power = 10 ** Math.floor(Math.log10(top / count))
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => top / n <= count + 0.5)
  const whole = Math.max(1, step)
  const used = top >= 4 ? whole : step
  return Array.from({ length: Math.floor(top / used) + 1 }, (_, i) => i * used)
}

/** Times for an axis that are `space` pixels apart or more, at round distances. */
export function axisTimes(begin, end, distances, { width, space }) {
  const most = Math.max(1, Math.floor(width / space))
  const distance = distances.find((each) => (end - begin) / each <= most) ?? distances.at(-1)
  // Round in the reader's zone, where days begin at midnight.
  const offset = new Date(begin * 1000).getTimezoneOffset() * 60
  const first = Math.ceil((begin - offset) / distance) * distance + offset
  const times = []
  for (let time = first; time < end; time += distance) times.push(time)
  return times
}
