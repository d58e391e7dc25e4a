import { Type } from 'typebox'
import { DefinitionError, quote } from './errors.ts'
import type { FieldOptions, Filterable, Kind, QueryParameter } from './kind.ts'
import {
  addressParameter,
  bytesParameter,
  choiceParameter,
  EXAMPLE_ADDRESS,
  exampleBytes,
  integerParameter,
} from './queryParameters.ts'
import {
  bytesDecoder,
  canonicalDecimal,
  decodeAddressOrNull,
  decodeBool,
  formatAmount,
  integerDecoder,
  type Wire,
  type WordDecoder,
} from './values.ts'

const DECIMAL_INTEGER = '-?[0-9]{1,78}'
const UNKNOWN = 'UNKNOWN_[0-9]{1,78}'

/** Makes the kind of integers of any size, signed or unsigned: a decimal string. */
export function uint(options: FieldOptions = {}): Filterable<string> {
  return {
    kind: 'uint',
    reads: /^u?int\d*$/,
    schema: Type.String({ pattern: `^${DECIMAL_INTEGER}$`, examples: ['7'] }),
    decoder: integerDecoder,
    equalityParameter: integerParameter,
    ...options,
  }
}

/** Makes the kind of unix seconds: a decimal string, which the page shows as a date. */
export function time(options: FieldOptions = {}): Kind<string> {
  const { equalityParameter, ...rest } = uint()
  const schema = Type.String({
    pattern: `^${DECIMAL_INTEGER}$`,
    description: 'unix seconds',
    examples: ['1790000000'],
  })
  return { ...rest, kind: 'time', schema, ...options }
}

/** Makes the kind of an address: lower-case hex. The zero address is null, which means none. */
export function address(options: FieldOptions = {}): Filterable<string | null> {
  return {
    kind: 'address',
    reads: /^address$/,
    schema: Type.String({ pattern: '^0x[0-9a-f]{40}$', examples: [EXAMPLE_ADDRESS] }),
    decoder: () => decodeAddressOrNull,
    nullable: true,
    equalityParameter: addressParameter,
    ...options,
  }
}

/** Makes the kind of bytes1 to bytes32: lower-case hex. */
export function bytes32(options: FieldOptions = {}): Filterable<string> {
  return {
    kind: 'bytes32',
    reads: /^bytes\d+$/,
    schema: Type.String({ pattern: '^0x([0-9a-f]{2}){1,32}$', examples: [exampleBytes(32)] }),
    decoder: bytesDecoder,
    equalityParameter: bytesParameter,
    ...options,
  }
}

/**
 * Makes the kind of one of several known values. Strings are the members of a Solidity enum in order, and a log
 * holds the index of one of them. An index `n` beyond the list, such as one of a newer contract, becomes
 * `UNKNOWN_n`. Numbers and booleans are the values themselves, and a number that is not in the list is sent as it
 * is. A filter names an unknown value `UNKNOWN_n` in both cases.
 * @throws DefinitionError if the values are not words of one type
 */
export function choice<const T extends Wire>(
  values: readonly T[],
  options: FieldOptions = {},
): Kind<T extends string ? T | `UNKNOWN_${number}` : T extends number ? number : boolean> {
  const [first] = values
  const isName = (value: Wire) => /^[A-Za-z0-9_-]+$/.test(String(value)) && typeof value === typeof first
  if (!['string', 'number', 'boolean'].includes(typeof first) || !values.every(isName))
    throw new DefinitionError(
      `choice(${quote(values)}): a value is missing or not a word; write words of letters, digits, - and _, all of one type`,
    )
  const known = values.join('|')
  const equalityParameter = (abiTypes: readonly string[]) => choiceParameter(values, abiTypes)
  const shared = { kind: 'choice', values, equalityParameter, ...options } as const
  if (typeof first === 'boolean')
    return {
      reads: /^bool$/,
      schema: Type.Boolean({ examples: [first] }),
      decoder: () => decodeBool,
      ...shared,
    }
  if (typeof first === 'number')
    return {
      // A JSON number above 2^53 is not exact.
      reads: /^uint(8|16|24|32|40|48)$/,
      schema: Type.Integer({ minimum: 0, examples: [first] }),
      decoder: (abiType) => pipe(integerDecoder(abiType), Number),
      ...shared,
    }
  return {
    reads: /^uint\d*$/,
    schema: Type.String({ pattern: `^(${known}|${UNKNOWN})$`, examples: [first] }),
    decoder: (abiType) => pipe(integerDecoder(abiType), (n) => values[Number(n)] ?? `UNKNOWN_${n}`),
    ...shared,
  }
}

/**
 * Makes the kind of an amount of money: a decimal string with exactly `decimals` fraction digits, without a
 * point if that is 0.
 * @param options.unit the unit, if all jobs use the same one; amounts without a unit are never added up
 * @throws DefinitionError if `decimals` is not an integer from 0 to 77
 */
export function amount(decimals: number, options: FieldOptions & { unit?: string } = {}): Kind<string> {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 77)
    throw new DefinitionError(
      `amount(${decimals}): its argument is not a number of fraction digits; write the decimals of the token, such as amount(18)`,
    )
  const fraction = decimals === 0 ? '' : `\\.[0-9]{${decimals}}`
  const range: Pick<QueryParameter, 'pattern' | 'takes'> =
    decimals === 0
      ? { pattern: '[0-9]{1,78}', takes: `${options.unit ?? 'smallest units of the token'}, inclusive` }
      : {
          pattern: `[0-9]{1,72}(\\.[0-9]{1,${decimals}})?`,
          takes: `${options.unit ?? 'token units'}, inclusive, with at most ${decimals} fraction digits`,
        }
  return {
    kind: 'amount',
    reads: /^uint\d*$/,
    schema: Type.String({ pattern: `^[0-9]+${fraction}$`, examples: [canonicalDecimal('100', decimals)] }),
    decoder: (abiType) => pipe(integerDecoder(abiType), (units) => formatAmount(units, decimals)),
    rangeParameter: { ...range, example: '100', read: (text) => canonicalDecimal(text, decimals) },
    decimals,
    ...options,
  }
}

/**
 * Makes the kind of any text: a string, bytes as hex, and lists and tuples as JSON. Cut at 16,384 characters.
 */
export function text(options: FieldOptions = {}): Kind<string> {
  return {
    kind: 'text',
    reads: /^(string|bytes)$|[\])]$|^tuple/,
    schema: Type.String({ examples: ['text'] }),
    ...options,
  }
}

/** Makes a kind nullable, for a field that is null until a later log sets it. */
export function later<T extends Wire | null>(kind: Kind<T>): Kind<T | null> {
  return { ...kind, nullable: true }
}

/** Makes the kind of a field that no log carries: it is null in every job. */
export function offChain<T extends Wire | null>(kind: Kind<T>): Kind<T | null> {
  return { ...kind, nullable: true, offChain: true, filter: false }
}

function pipe<A extends Wire, B extends Wire>(
  decode: WordDecoder<A>,
  convert: (value: A) => B,
): WordDecoder<B> {
  return (hex) => convert(decode(hex))
}
