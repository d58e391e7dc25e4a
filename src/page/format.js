const whole = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 })
const exactTime = new Intl.DateTimeFormat('en', { dateStyle: 'full', timeStyle: 'long' })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric' })
const long = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'long' })
const narrow = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'narrow' })

const units = [
  ['second', 1, 60],
  ['minute', 60, 90 * 60],
  ['hour', 3600, 36 * 3600],
  ['day', 86400, 60 * 86400],
  ['month', 30.44 * 86400, 548 * 86400],
  ['year', 365.25 * 86400, Number.POSITIVE_INFINITY],
]
// Past this a Date cannot hold it: a uint256 deadline can say anything.
const lastDate = 8.64e12

export const clockTime = (seconds) => clock.format(seconds * 1000)
export const dayMonth = (seconds) => day.format(seconds * 1000)
export const compactNumber = (value) => compact.format(value)

/** `"12345"` or 12345 → `12,345`, exact at any size. */
export const integer = (value) => whole.format(BigInt(value))

/** USDC `"1234.500000"` → `1,234.50`: exact, with no zeros beyond cents. */
export function usdc(amount) {
  const [units, fraction = ''] = amount.split('.')
  const digits = fraction.replace(/0+$/, '')
  return `${integer(units)}${digits === '' ? '' : `.${digits.padEnd(2, '0')}`}`
}

/** USDC for a narrow column: exact where it fits, without its fraction where that helps, then `1.23e20`. */
export function shortUsdc(amount) {
  const text = usdc(amount)
  if (text.length <= 15) return text
  const units = amount.split('.')[0]
  return units.length <= 11 ? integer(units) : scientific(units)
}

/** USDC for a headline: `1,234.50`, `12,345`, then `1.23M`. */
export function headlineUsdc(amount) {
  const units = amount.split('.')[0]
  if (units.length <= 4) return usdc(amount).replace(/(\.\d\d)\d+$/, '$1')
  if (units.length <= 6) return integer(units)
  return units.length <= 15 ? compact.format(Number(units)) : scientific(units)
}

function scientific(digits) {
  return `${digits[0]}.${digits.slice(1, 3)}e${digits.length - 1}`
}

/** A long identifier by its two ends: `0x12ab…9f3c`. Up to 12 characters stand as they are. */
export function ends(text, head = 6, tail = 4) {
  return text.length <= 12 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`
}

/** Unix seconds against now → `in 6 days`; with `short`, `12s ago`. */
export function relative(seconds, now = Date.now() / 1000, short = false) {
  const distance = Number(seconds) - now
  if (Number(seconds) > lastDate) return 'far future'
  const [unit, size] = units.find(([, , limit]) => Math.abs(distance) < limit)
  const amount = Math.round(distance / size)
  // A block is stamped by its validator, whose clock may be ahead of ours.
  if (short && amount >= 0 && unit === 'second') return 'just now'
  return (short ? narrow : long).format(Object.is(amount, -0) ? 0 : amount, unit)
}

/** Unix seconds as a full date and time in the reader's zone. */
export function exact(seconds) {
  return Number(seconds) > lastDate ? `unix time ${seconds}` : exactTime.format(Number(seconds) * 1000)
}

/** For `<time datetime>`; nothing where no date can hold it. */
export function machineTime(seconds) {
  return Number(seconds) > lastDate ? '' : new Date(Number(seconds) * 1000).toISOString()
}

/** Seconds of silence for the header: `2 s`, `3 min`. */
export function duration(seconds) {
  if (seconds < 100) return `${Math.floor(seconds)} s`
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

export const strategies = ['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL']
const names = { PROGRAM: 'Program', RUBRIC: 'Rubric', HYBRID: 'Hybrid', CEX_CAPITAL: 'CEX capital' }

/** `CEX_CAPITAL` → `CEX capital`; a value of a newer contract as it is. */
export const strategyName = (strategyType) => names[strategyType] ?? strategyType

/** The verification level as people write it: 1 → `L0`. */
export const levelName = (level) => (level >= 1 && level <= 4 ? `L${level - 1}` : `level ${level}`)
