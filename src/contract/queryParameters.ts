import type { QueryParameter } from './kind.ts'
import { integerRange, type Wire } from './values.ts'

export const EXAMPLE_ADDRESS = `0x${'12'.repeat(20)}`
export const exampleBytes = (length: number) => `0x${'ab'.repeat(length)}`

const lowerCase = (text: string) => text.toLowerCase()

/** Returns a parameter of integers that one of the ABI types can hold. */
export function integerParameter(abiTypes: readonly string[]): QueryParameter {
  const ranges = abiTypes.map(integerRange)
  const isSigned = ranges.some(({ min }) => min < 0n)
  return {
    pattern: `${isSigned ? '-?' : ''}[0-9]{1,78}`,
    takes: 'integers in decimal',
    example: '7,12',
    read(text) {
      const value = BigInt(text)
      if (!ranges.some(({ min, max }) => min <= value && value <= max))
        throw new RangeError(
          `integers up to the largest ${abiTypes.join(' or ')}${isSigned ? ', and down to the smallest' : ''}`,
        )
      return value.toString()
    },
  }
}

export function addressParameter(): QueryParameter {
  return {
    pattern: '0x[0-9a-fA-F]{40}',
    takes: 'addresses, in upper or lower case',
    example: EXAMPLE_ADDRESS,
    read: lowerCase,
  }
}

/** Returns a parameter of hex values that are as long as one of the ABI types, such as `bytes32`. */
export function bytesParameter(abiTypes: readonly string[]): QueryParameter {
  const lengths = abiTypes.map((type) => Number(type.slice('bytes'.length)))
  return {
    pattern: `0x(${lengths.map((bytes) => `[0-9a-fA-F]{${2 * bytes}}`).join('|')})`,
    takes: `${abiTypes.join(' or ')} values in hex`,
    example: exampleBytes(lengths[0] ?? 32),
    read: lowerCase,
  }
}

/**
 * Returns a parameter of the known values of a choice and, unless they are booleans, of the values that only a
 * newer contract has.
 */
export function choiceParameter(values: readonly Wire[], abiTypes: readonly string[]): QueryParameter {
  const [first] = values
  const known = values.join('|')
  const takes = `any of ${values.join(', ')}`
  const example = String(first)
  if (typeof first === 'boolean') return { pattern: `(${known})`, takes, example, read: (text) => text }
  const all = `${takes}, or UNKNOWN_n for a value n of a newer contract`
  const ranges = abiTypes.map(integerRange)
  const isKnown = (n: bigint) =>
    typeof first === 'number' ? values.includes(Number(n)) : n < BigInt(values.length)
  return {
    pattern: `(${known}|UNKNOWN_(0|[1-9][0-9]{0,77}))`,
    takes: all,
    example,
    read(text) {
      if (!text.startsWith('UNKNOWN_') || values.includes(text)) return text
      const digits = text.slice('UNKNOWN_'.length)
      const n = BigInt(digits)
      if (isKnown(n)) throw new RangeError(`${all}; found "${text}", but ${digits} is a known value`)
      if (!ranges.some(({ max }) => n <= max))
        throw new RangeError(`${all}; found "${text}", but no ${abiTypes.join(' or ')} is as large`)
      return typeof first === 'number' ? digits : text
    },
  }
}
