import { parseUnits } from 'viem/utils'
import { MalformedLogError } from './errors.ts'

/** A value of a job as it is sent: JSON, with every integer that can exceed 2^53 as a decimal string. */
export type Wire = string | number | boolean

/**
 * Decodes one 32-byte word, given as 64 hex digits. Null means none.
 * @throws MalformedLogError if the word is not a value of the type
 */
export type WordDecoder<T extends Wire | null = Wire | null> = (hex: string) => T

/** Returns the smallest and the greatest value of an integer type, `uint8` to `int256`. */
export function integerRange(abiType: string): { min: bigint; max: bigint } {
  const bits = BigInt(/\d+$/.exec(abiType)?.[0] ?? 256)
  if (abiType.startsWith('int')) return { min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }
  return { min: 0n, max: 2n ** bits - 1n }
}

/** Makes the decoder of an integer type, `uint8` to `int256`. A value is a decimal string. */
export function integerDecoder(abiType: string): WordDecoder<string> {
  const { min, max } = integerRange(abiType)
  const limit = Number(max)

  function decodeLarge(hex: string): string {
    const word = BigInt(`0x${hex}`)
    const value = min < 0n ? BigInt.asIntN(256, word) : word
    if (value < min || value > max) throw new MalformedLogError(`not a value of ${abiType}: 0x${hex}`)
    return value.toString()
  }

  return (hex) => {
    // Most values are small, and a double costs less than a BigInt.
    const approximate = Number(`0x${hex}`)
    if (hex.length !== 64 || Number.isNaN(approximate)) throw new MalformedLogError(`not a word: 0x${hex}`)
    const isExact = approximate <= limit && Number.isSafeInteger(approximate)
    return isExact ? String(approximate) : decodeLarge(hex)
  }
}

/** Decodes an address to lower-case hex. */
export function decodeAddress(hex: string): string {
  if (!/^0{24}/.test(hex)) throw new MalformedLogError(`not an address: 0x${hex}`)
  return `0x${hex.slice(24).toLowerCase()}`
}

/** Decodes an address. The zero address becomes null, which means none. */
export function decodeAddressOrNull(hex: string): string | null {
  const address = decodeAddress(hex)
  return /^0x0+$/.test(address) ? null : address
}

/** Makes the decoder of `bytes1` to `bytes32`: lower-case hex as long as the type. */
export function bytesDecoder(abiType: string): WordDecoder<string> {
  const end = 2 * Number(abiType.slice('bytes'.length))
  return (hex) => `0x${hex.slice(0, end).toLowerCase()}`
}

export function decodeBool(hex: string): boolean {
  if (!/^0{63}[01]$/.test(hex)) throw new MalformedLogError(`not a bool: 0x${hex}`)
  return hex.endsWith('1')
}

/** Formats an amount of smallest units with exactly `decimals` fraction digits. */
export function formatAmount(units: string, decimals: number): string {
  if (decimals === 0) return units
  const padded = units.padStart(decimals + 1, '0')
  return `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`
}

/** Formats a decimal number with exactly `decimals` fraction digits, and without leading zeros. */
export function canonicalDecimal(text: string, decimals: number): string {
  return formatAmount(parseUnits(text, decimals).toString(), decimals)
}

/**
 * Maximum characters of a text. Longer texts are cut, so that a hostile contract cannot fill the memory
 * of subscribers.
 */
const MAX_TEXT_LENGTH = 16_384

/**
 * Converts a string, bytes, a list or a tuple, as viem decoded it, to text: lists and tuples become JSON. NUL
 * becomes U+FFFD, because Postgres refuses NUL in JSON.
 */
export function toText(value: unknown): string {
  const whole = typeof value === 'string' ? value : startOfJson(value)
  const clean = whole.replaceAll('\0', '\ufffd').toWellFormed()
  if (clean.length <= MAX_TEXT_LENGTH) return clean
  return `${clean.slice(0, MAX_TEXT_LENGTH - 1).toWellFormed()}…`
}

/**
 * Returns the JSON of a list or tuple, right only in its first {@link MAX_TEXT_LENGTH} characters. The
 * offsets of a list can all refer to one string, so its JSON could be thousands of times as long as the data.
 */
function startOfJson(value: unknown): string {
  let length = 0
  return JSON.stringify(value, (_, item) => {
    if (length > MAX_TEXT_LENGTH) return null
    const json = jsonItemOf(item)
    if (typeof json === 'string') length += json.length
    return json
  })
}

/**
 * Returns a value inside a list or tuple. An integer that viem decodes as a bigint (more than 48 bits) becomes a
 * decimal string. A text that looks like an address becomes lower case: the types are not known here.
 */
function jsonItemOf(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  return typeof value === 'string' && /^0x[0-9a-f]{40}$/i.test(value) ? value.toLowerCase() : value
}
