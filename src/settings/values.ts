import proxyAddr from '@fastify/proxy-addr'
import { messageOf } from '../messages.ts'

/** A value that a setting does not accept. The message is the reason, without secrets; it may be empty. */
export class InvalidValue extends Error {
  override name = 'InvalidValue'
}

/** Reads an integer within bounds. Plain digits only: `Number()` would also read 3e3, 0x10 and 1.0. */
export function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text)
    if (!/^[0-9]+$/.test(text) || value < least || value > most) throw new InvalidValue()
    return value
  }
}

/** Reads one of several words. */
export function oneOf<Word extends string>(...words: Word[]) {
  return (text: string): Word => {
    const found = words.find((word) => word === text)
    if (found === undefined) throw new InvalidValue()
    return found
  }
}

/** Reads a value that may be unset. */
export function optional<T>(read: (text: string) => T) {
  return (text: string): T | undefined => (text === '' ? undefined : read(text))
}

const SECONDS_PER_UNIT: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** Longest time span. Postgres may not be able to subtract a longer one from the present. */
const TEN_YEARS_SECONDS = 3_650 * 86_400

/**
 * Reads a time span in seconds: a count with a unit, such as `90s`, `30m`, `1h` or `2d`, or a plain count
 * of seconds.
 */
export function timeSpan(text: string): number {
  const [, count, unit = ''] = /^([0-9]+)([smhd]?)$/.exec(text) ?? []
  if (count === undefined) throw new InvalidValue()
  const seconds = Number(count) * (SECONDS_PER_UNIT[unit] ?? 1)
  if (seconds > TEN_YEARS_SECONDS) throw new InvalidValue('it is 3650d at most')
  return seconds
}

/**
 * Reads an address and converts it to lower case. An empty text gives `0x`: a process of role `api` needs no
 * address.
 */
export function contractAddress(text: string): `0x${string}` {
  const address = text.toLowerCase()
  if (!/^(0x[0-9a-f]{40})?$/.test(address)) throw new InvalidValue()
  return `0x${address.slice(2)}`
}

/**
 * Reads which proxies are trusted: `true` (all), `false` (none), the number of the nearest hops, or addresses and
 * networks.
 */
export function trustedProxies(text: string): boolean | number | string {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^[0-9]+$/.test(text)) return Number(text)
  const addresses = commaSeparated(text)
  try {
    proxyAddr.compile(addresses)
  } catch (error) {
    throw new InvalidValue(messageOf(error))
  }
  return addresses.join(',')
}

/** Reads the keys; none for an empty text. */
export function apiKeys(text: string): string[] {
  const keys = commaSeparated(text)
  if (!keys.every((key) => /^\S{8,}$/.test(key))) throw new InvalidValue()
  return keys
}

/**
 * Splits a text at commas. Items are trimmed, and empty ones are left out.
 * @throws InvalidValue if only empty ones are given
 */
export function commaSeparated(text: string): string[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  if (items.length === 0 && text !== '') throw new InvalidValue()
  return items
}
