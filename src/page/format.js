const whole = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 })
const fullTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const dayOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
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
/** The last second that a Date can hold. A uint256 can hold any later one. */
const LAST_DATE = 8.64e12

const isDate = (seconds) => Math.abs(Number(seconds)) <= LAST_DATE
const dateOf = (seconds) => new Date(Number(seconds) * 1000)

/** `"12345"` or 12345 → `12,345`, exact at any size. */
export const integer = (value) => whole.format(BigInt(value))

/** `"1234.500000"` → `1,234.50`, `"1234"` → `1,234`: exact, and an amount with a fraction has two digits of it or more. */
export function amount(text) {
  const [units, fraction = ''] = text.split('.')
  if (fraction === '') return integer(units)
  const digits = fraction.replace(/0+$/, '').padEnd(Math.min(2, fraction.length), '0')
  return `${integer(units)}.${digits}`
}

/** An amount for a narrow column: exact if that fits, then without its fraction, then `1.23e20`. */
export function shortAmount(text) {
  const exactText = amount(text)
  if (exactText.length <= 15) return exactText
  const units = text.split('.')[0]
  return units.length <= 11 ? integer(units) : scientific(units)
}

/**
 * Sums in one precision, that of the greatest: `950.00`, then whole units, then `1.23M`.
 * @param texts amounts; null stays null
 */
export function sums(texts) {
  const longest = Math.max(0, ...texts.map((text) => text?.split('.')[0].length ?? 0))
  return texts.map((text) => {
    if (text === null) return null
    if (longest <= 3) return amount(text).replace(/(\.\d\d)\d+$/, '$1')
    const [units, fraction = ''] = text.split('.')
    if (units === '0' && /[1-9]/.test(fraction)) return '<1'
    return longest <= 6 ? integer(units) : roughly(units)
  })
}

/** A number for an axis or a chart's caption: `950`, `12.5K`, `1.15e71`. */
export function roughly(value) {
  const digits = typeof value === 'string' ? value : BigInt(Math.round(value)).toString()
  return digits.length <= 15 ? compact.format(Number(value)) : scientific(digits)
}

function scientific(digits) {
  return `${digits[0]}.${digits.slice(1, 3)}e${digits.length - 1}`
}

/** A long identifier by its two ends: `0x12ab…9f3c`. Up to 12 characters are shown whole. */
export function ends(text, head = 6, tail = 4) {
  return text.length <= 12 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`
}

/** Unix seconds relative to now: `in 6 days`, or with `short` `12s ago`. */
export function relative(seconds, now = Date.now() / 1000, short = false) {
  if (!isDate(seconds)) return 'far future'
  const distance = Number(seconds) - now
  const [unit, size] = units.find(([, , limit]) => Math.abs(distance) < limit)
  const count = Math.round(distance / size)
  // A block has the time of its validator's clock, which may be ahead of this one.
  if (short && count >= 0 && unit === 'second') return 'just now'
  return (short ? narrow : long).format(Object.is(count, -0) ? 0 : count, unit)
}

/** Unix seconds as a date of the reader's zone: `6 Dec, 14:05` within half a year, `6 Dec 2031` beyond it. */
export function date(seconds, now = Date.now() / 1000) {
  if (!isDate(seconds)) return 'far future'
  const near = Math.abs(Number(seconds) - now) < 183 * 86400
  return near
    ? `${day.format(dateOf(seconds))}, ${clock.format(dateOf(seconds))}`
    : dayOfYear.format(dateOf(seconds))
}

/** Unix seconds as a full date and time of the reader's zone. */
export function exactTime(seconds) {
  return isDate(seconds) ? fullTime.format(dateOf(seconds)) : `unix time ${seconds}`
}

/** Unix seconds for `<time datetime>`; empty if no date can hold them. */
export function machineTime(seconds) {
  return isDate(seconds) ? dateOf(seconds).toISOString() : ''
}

export const clockTime = (seconds) => clock.format(dateOf(seconds))
export const dayMonth = (seconds) => day.format(dateOf(seconds))

/** A duration: `45 s`, `3 min`, `5 h`. */
export function duration(seconds) {
  if (seconds < 100) return `${Math.floor(seconds)} s`
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

/** `count('job', 2)` → `2 jobs`. */
export function count(noun, number) {
  return `${integer(number)} ${noun}${Number(number) === 1 ? '' : 's'}`
}

/** A value of a choice: `CEX_CAPITAL` → `Cex capital`, `true` → `Yes`; any other one unchanged. */
export function words(value) {
  const text = String(value)
  if (text === 'true' || text === 'false') return text === 'true' ? 'Yes' : 'No'
  if (!/^[A-Z][A-Z_]*$/.test(text)) return text
  return text.charAt(0) + text.slice(1).toLowerCase().replaceAll('_', ' ')
}

/** The name of a field or an event: `partyId` → `Party`, `onchainStart` → `Start`, `JobCreated` → `Job created`. */
export function title(name) {
  const text = name
    .replace(/^onchain(?=[A-Z])/, '')
    .replace(/(?<=[a-z])Id$/, '')
    .replace(/([a-z0-9])([A-Z])/g, (_, before, capital) => `${before} ${capital.toLowerCase()}`)
  return text.charAt(0).toUpperCase() + text.slice(1)
}
