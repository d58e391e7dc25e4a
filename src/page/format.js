const whole = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 })
const compactSum = new Intl.NumberFormat('en', {
  notation: 'compact',
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
})
const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const fullTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const dayOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const long = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'long' })
const narrow = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'narrow' })

/** Units of time: name, length in seconds, and the distance in seconds up to which times are given in it. */
const timeUnits = [
  ['second', 1, 60],
  ['minute', 60, 90 * 60],
  ['hour', 3600, 36 * 3600],
  ['day', 86400, 60 * 86400],
  ['month', 30.44 * 86400, 548 * 86400],
  ['year', 365.25 * 86400, Number.POSITIVE_INFINITY],
]
/** The latest unix second that a Date can hold. A uint256 can be greater. */
const LAST_DATE = 8.64e12

const isDate = (seconds) => Math.abs(Number(seconds)) <= LAST_DATE
const dateOf = (seconds) => new Date(Number(seconds) * 1000)

/** `"12345"` or 12345 → `12,345`, exact for any size. */
export const formatInteger = (value) => whole.format(BigInt(value))

/**
 * `"1234.500000"` → `1,234.50`, `"1234"` → `1,234`. Exact: a fraction keeps at least two digits, and all that
 * are not 0.
 */
export function formatAmount(text) {
  const [units, fraction = ''] = text.split('.')
  if (fraction === '') return formatInteger(units)
  const digits = fraction.replace(/0+$/, '').padEnd(Math.min(2, fraction.length), '0')
  return `${formatInteger(units)}.${digits}`
}

/**
 * Returns an amount for a narrow column: exact if it fits, otherwise without its fraction, otherwise as
 * `1.23e20`.
 */
export function shortAmount(text) {
  const exactText = formatAmount(text)
  if (exactText.length <= 15) return exactText
  const units = text.split('.')[0]
  return units.length <= 11 ? formatInteger(units) : scientific(units)
}

/**
 * Formats sums alike: the greatest sum decides the form of all. Greatest below 1,000: `950.00`. Below a million:
 * whole units. From a million on: `1.23M` and `1.23K`, with whole units for sums below 1,000. In the last two forms,
 * a sum between 0 and 1 is `<1`.
 * @param texts amounts as decimal text; null stays null
 */
export function formatSums(texts) {
  const longest = Math.max(0, ...texts.map((text) => text?.split('.')[0].length ?? 0))
  return texts.map((text) => {
    if (text === null) return null
    // Two digits after the point. Below 1: up to two digits, beginning with the first that is not 0.
    if (longest <= 3) return formatAmount(text).replace(/^(0\.0*[1-9]\d?|\d+\.\d\d)\d*$/, '$1')
    const [units, fraction = ''] = text.split('.')
    if (units === '0' && /[1-9]/.test(fraction)) return '<1'
    return longest <= 6 || units.length <= 3 ? formatInteger(units) : compactText(units, compactSum)
  })
}

/** Returns a number for the axis or the caption of a chart: `0.035`, `950`, `12.5K`, `1.15e71`. */
export function roughly(value) {
  if (value < 1000) return threeDigits.format(value)
  return compactText(BigInt(Math.round(value)).toString(), compact)
}

function compactText(digits, format) {
  return digits.length <= 15 ? format.format(Number(digits)) : scientific(digits)
}

function scientific(digits) {
  return `${digits[0]}.${digits.slice(1, 3)}e${digits.length - 1}`
}

/** Returns the two ends of a long identifier: `0x12ab…9f3c`. One of up to 12 characters is unchanged. */
export function ends(text, head = 6, tail = 4) {
  return text.length <= 12 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`
}

/** Returns Unix seconds relative to now: `in 6 days`, or `12s ago` with `short`. */
export function relative(seconds, { short = false, now = Date.now() / 1000 } = {}) {
  if (!isDate(seconds)) return 'far future'
  const distance = Number(seconds) - now
  const [unit, size] = timeUnits.find(([, , limit]) => Math.abs(distance) < limit)
  const number = Math.round(distance / size)
  // A block carries the time of its validator's clock, which may be ahead of this one.
  if (short && number >= 0 && unit === 'second') return 'just now'
  return (short ? narrow : long).format(number, unit)
}

/**
 * Returns Unix seconds as a date in the reader's time zone: `6 Dec, 14:05` within half a year, otherwise `6 Dec
 * 2031`.
 */
export function date(seconds, now = Date.now() / 1000) {
  if (!isDate(seconds)) return 'far future'
  const near = Math.abs(Number(seconds) - now) < 183 * 86400
  return near
    ? `${day.format(dateOf(seconds))}, ${clock.format(dateOf(seconds))}`
    : dayOfYear.format(dateOf(seconds))
}

/** Returns Unix seconds as a full date and time in the reader's time zone. */
export function exactTime(seconds) {
  return isDate(seconds) ? fullTime.format(dateOf(seconds)) : `unix time ${seconds}`
}

/** Returns Unix seconds for `<time datetime>`; empty if a Date cannot hold them. */
export function machineTime(seconds) {
  return isDate(seconds) ? dateOf(seconds).toISOString() : ''
}

export const clockTime = (seconds) => clock.format(dateOf(seconds))
export const dayMonth = (seconds) => day.format(dateOf(seconds))

/** Returns a duration: `45 s`, `3 min`, `5 h`. */
export function formatDuration(seconds) {
  if (seconds < 100) return `${Math.floor(seconds)} s`
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

/** `count('job', 2)` → `2 jobs`, `count('match', 2)` → `2 matches`. */
export function count(noun, number) {
  const ending = Number(number) === 1 ? '' : noun.endsWith('ch') ? 'es' : 's'
  return `${formatInteger(number)} ${noun}${ending}`
}

/**
 * Returns a value of a choice in words: `CEX_CAPITAL` → `Cex capital`, `true` → `Yes`. Any other value is
 * unchanged.
 */
export function words(value) {
  const text = String(value)
  if (text === 'true' || text === 'false') return text === 'true' ? 'Yes' : 'No'
  if (!/^[A-Z][A-Z_]*$/.test(text)) return text
  return text.charAt(0) + text.slice(1).toLowerCase().replaceAll('_', ' ')
}

/**
 * Returns the name of a field or an event in words: `participantId` → `Participant`, `onchainStart` → `Start`,
 * `JobCreated` → `Job created`, `dataURI` → `Data URI`.
 */
export function title(name) {
  const text = name
    .replace(/^onchain(?=[A-Z])/, '')
    .replace(/(?<=[a-z])I[dD]$/, '')
    .replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
    .replace(/(?<= )[A-Z](?=[a-z])/g, (capital) => capital.toLowerCase())
  return text.charAt(0).toUpperCase() + text.slice(1)
}
