import { type TSchema, Type } from 'typebox'
import { DefinitionError, MalformedLogError } from './errors.ts'

/** A value of a job as it is sent: JSON, with every integer that can pass 2^53 as a decimal string. */
export type Wire = string | number | boolean

/** What a definition may say of a field beside its kind. */
export interface FieldOptions {
  /** name of the event parameter that holds the value; by default the field's own name */
  from?: string
  /** one line for the API's documentation */
  about?: string
  /** true if the value names a party of the job: `participant=` then covers it */
  role?: boolean
  /** whether the field is a query parameter; by default every kind but text and time is one */
  filter?: boolean
  /** value of a new job whose creating log does not carry the field */
  initial?: Wire
}

/** How the values of one query parameter are read, and what a 400 says of them. */
export interface Parameter {
  /** a regular expression for one value, without anchors */
  pattern: string
  /** what the parameter takes, in words */
  takes: string
  example: string
  /** The value as a job's JSON has it. @throws RangeError for a value the pattern cannot exclude */
  read(text: string): string
}

/** How a kind of value is decoded, documented and compared. `T` is its type on the wire. */
export interface Kind<T extends Wire | null = Wire | null> extends FieldOptions {
  /** never set: carries the type */
  wire?: T
  kind: 'uint' | 'time' | 'address' | 'bytes32' | 'choice' | 'amount' | 'text'
  /** ABI types it can decode */
  reads: RegExp
  /** JSON schema of a value that is not null */
  schema: TSchema
  /** Decodes one 32-byte word: 64 hex digits. Null means none. @throws MalformedLogError */
  word(hex: string, abiType: string): Wire | null
  /** true if a job may have null here */
  nullable?: boolean
  /** true if no log carries the field: it is null in every job */
  offChain?: boolean
  /** set if the field can be filtered by equality */
  equals?: Parameter
  /** set if the field can be filtered by a minimum and a maximum */
  range?: Parameter
  /** fraction digits of an amount */
  decimals?: number
  /** what an amount is counted in; unset if jobs may use different units, which must not be added up */
  unit?: string
  /** known values of a choice */
  values?: readonly Wire[]
}

const MAX_UINT256 = 2n ** 256n - 1n
const DIGITS = '^-?[0-9]{1,78}$'

/** uint256 and smaller, and signed integers: a decimal string. */
export function uint(options: FieldOptions = {}): Kind<string> {
  return {
    kind: 'uint',
    reads: /^u?int\d*$/,
    schema: Type.String({ pattern: DIGITS, examples: ['7'] }),
    word: integer,
    equals: {
      pattern: '-?[0-9]{1,78}',
      takes: 'integers in decimal',
      example: '7,12',
      read: canonicalInteger,
    },
    ...options,
  }
}

/** Unix seconds: a decimal string that the page shows as a date. */
export function time(options: FieldOptions = {}): Kind<string> {
  const { equals: _, ...rest } = uint()
  const schema = Type.String({ pattern: DIGITS, description: 'unix seconds', examples: ['1790000000'] })
  return { ...rest, kind: 'time', schema, ...options }
}

/** An address: lower-case hex; the zero address is null, which means none. */
export function address(options: FieldOptions = {}): Kind<string | null> {
  return {
    kind: 'address',
    reads: /^address$/,
    schema: Type.String({ pattern: '^0x[0-9a-f]{40}$', examples: [`0x${'12'.repeat(20)}`] }),
    word(hex) {
      if (!/^0{24}/.test(hex)) throw new MalformedLogError(`not an address: 0x${hex}`)
      const digits = hex.slice(24).toLowerCase()
      return /^0+$/.test(digits) ? null : `0x${digits}`
    },
    nullable: true,
    equals: {
      pattern: '0x[0-9a-fA-F]{40}',
      takes: 'addresses, in any case',
      example: `0x${'12'.repeat(20)}`,
      read: (text) => text.toLowerCase(),
    },
    ...options,
  }
}

/** bytes1 to bytes32: lower-case hex. */
export function bytes32(options: FieldOptions = {}): Kind<string> {
  return {
    kind: 'bytes32',
    reads: /^bytes\d+$/,
    schema: Type.String({ pattern: '^0x([0-9a-f]{2}){1,32}$', examples: [`0x${'ab'.repeat(32)}`] }),
    word: (hex, abiType) => `0x${hex.slice(0, 2 * (Number(abiType.slice(5)) || 32)).toLowerCase()}`,
    equals: {
      pattern: '0x([0-9a-fA-F]{2}){1,32}',
      takes: 'hex values of the length of the field',
      example: `0x${'ab'.repeat(32)}`,
      read: (text) => text.toLowerCase(),
    },
    ...options,
  }
}

/**
 * One of several known values. Names stand for an enum: the value in the log is the place in the list. Numbers and
 * booleans stand for themselves. A name is not known for a newer contract's enum value n: it becomes `UNKNOWN_n`.
 */
export function choice<const T extends Wire>(
  values: readonly T[],
  options: FieldOptions = {},
): Kind<T extends string ? T | `UNKNOWN_${number}` : T extends number ? number : boolean> {
  const type = typeof values[0]
  const odd = values.find((value) => !/^[A-Za-z0-9_-]+$/.test(String(value)) || typeof value !== type)
  if (odd !== undefined || values.length === 0)
    throw new DefinitionError(
      `choice(${JSON.stringify(values)}): values are words of letters, digits, - and _, all of one type`,
    )
  const unknown = type !== 'boolean'
  return {
    kind: 'choice',
    // A number that stands for itself must not pass 2^53.
    reads: type === 'boolean' ? /^bool$/ : type === 'number' ? /^uint(8|16|24|32|40|48)$/ : /^uint\d*$/,
    schema: choiceSchema(values),
    word(hex, abiType) {
      if (abiType === 'bool') return flag(hex)
      const value = integer(hex, abiType)
      if (type === 'number') return Number(value)
      return values[Number(value)] ?? `UNKNOWN_${value}`
    },
    equals: {
      pattern: `(${values.join('|')}${unknown ? '|UNKNOWN_[0-9]{1,78}' : ''})`,
      takes: `any of ${values.join(', ')}${unknown ? ', or UNKNOWN_n for a value n of a newer contract' : ''}`,
      example: String(values[0]),
      read: (text) => (type === 'number' ? text.replace('UNKNOWN_', '') : text),
    },
    values,
    ...options,
  }
}

function flag(hex: string): boolean {
  if (!/^0{63}[01]$/.test(hex)) throw new MalformedLogError(`not a bool: 0x${hex}`)
  return hex.endsWith('1')
}

function choiceSchema(values: readonly Wire[]): TSchema {
  const examples = [values[0]]
  if (typeof values[0] === 'number') return Type.Integer({ minimum: 0, examples })
  if (typeof values[0] === 'boolean') return Type.Boolean({ examples })
  return Type.String({ pattern: `^(${values.join('|')}|UNKNOWN_[0-9]{1,78})$`, examples })
}

/**
 * An amount of money: a decimal string with exactly `decimals` fraction digits, or without a point for 0.
 * @param unit given only if every job counts in it: amounts without a unit are never added up
 */
export function amount(decimals: number, options: FieldOptions & { unit?: string } = {}): Kind<string> {
  const point = decimals === 0 ? '' : `\\.[0-9]{${decimals}}`
  const unit = options.unit ?? (decimals === 0 ? 'smallest units of the token' : 'token units')
  return {
    kind: 'amount',
    reads: /^uint\d*$/,
    schema: Type.String({ pattern: `^[0-9]+${point}$`, examples: [fixed('100', decimals)] }),
    word: (hex, abiType) => scaled(integer(hex, abiType), decimals),
    range: {
      pattern: decimals === 0 ? '[0-9]{1,78}' : `[0-9]{1,72}(\\.[0-9]{1,${decimals}})?`,
      takes: `${unit}, inclusive${decimals === 0 ? '' : `, with at most ${decimals} fraction digits`}`,
      example: '100',
      read: (text) => fixed(text, decimals),
    },
    decimals,
    ...options,
  }
}

/** A field whose value a later log tells: null until then. */
export function later<T extends Wire | null>(kind: Kind<T>): Kind<T | null> {
  return { ...kind, nullable: true }
}

/** A field that no log carries: null in every job. */
export function offChain<T extends Wire | null>(kind: Kind<T>): Kind<T | null> {
  return { ...kind, nullable: true, offChain: true, filter: false }
}

/** Any text: a string, bytes as hex, and lists and tuples as JSON. Cut at {@link LONGEST_TEXT} characters. */
export function text(options: FieldOptions = {}): Kind<string> {
  return {
    kind: 'text',
    reads: /^(string|bytes)$|[\])]$|^tuple/,
    schema: Type.String({ examples: ['text'] }),
    word: (hex) => `0x${hex}`,
    ...options,
  }
}

/** A hostile contract must not fill the memory of every subscriber. */
const LONGEST_TEXT = 16_384

/** A decoded value of a dynamic type as text. Postgres refuses NUL in JSON, so it becomes U+FFFD. */
export function asText(value: unknown): string {
  const whole = typeof value === 'string' ? value : JSON.stringify(value, (_, each) => element(each))
  const clean = whole.replaceAll('\0', '\ufffd').toWellFormed()
  return clean.length > LONGEST_TEXT ? `${clean.slice(0, LONGEST_TEXT - 1).toWellFormed()}…` : clean
}

/** A value in a list or tuple: integers as decimal strings, addresses in lower case. */
function element(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  return typeof value === 'string' && /^0x[0-9a-f]{40}$/i.test(value) ? value.toLowerCase() : value
}

/** A word as a decimal integer. Most are small, and a double is cheaper than a BigInt. */
export function integer(hex: string, abiType: string): string {
  const small = Number(`0x${hex}`)
  if (hex.length !== 64 || Number.isNaN(small)) throw new MalformedLogError(`not a word: 0x${hex}`)
  if (abiType.startsWith('int')) return String(BigInt.asIntN(256, BigInt(`0x${hex}`)))
  const bits = Number(abiType.slice(4)) || 256
  if (bits < 256 && small >= 2 ** bits && BigInt(`0x${hex}`) >> BigInt(bits))
    throw new MalformedLogError(`not a ${abiType}: 0x${hex}`)
  return Number.isSafeInteger(small) ? String(small) : BigInt(`0x${hex}`).toString()
}

function canonicalInteger(text: string): string {
  const value = BigInt(text)
  if (value > MAX_UINT256) throw new RangeError('over the largest uint256')
  return value.toString()
}

/** An integer count of 10^-decimals as a decimal number. Text throughout: no uint256 fits a double. */
function scaled(units: string, decimals: number): string {
  if (decimals === 0) return units
  const padded = units.padStart(decimals + 1, '0')
  return `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`
}

/** A decimal number in the form {@link scaled} gives it. */
function fixed(text: string, decimals: number): string {
  const [whole = '', fraction = ''] = text.split('.')
  return scaled(BigInt(whole + fraction.padEnd(decimals, '0')).toString(), decimals)
}
