import type { JobBase } from './job.ts'
import { apiUrl, dataOf, isObject, JobcastError, type JobFilter, type RequestOptions } from './request.ts'
import { readJson } from './retry.ts'

/** The part of `GET /api/v1/config` that filters need. */
export interface ContractInfo {
  name: string
  fields: { name: string; kind: string; values?: readonly unknown[] }[]
  filters: {
    name: string
    /** list: one of the fields has one of the values. min, max: inclusive bounds of the first field */
    kind: 'list' | 'min' | 'max'
    fields: string[]
  }[]
}

/** Whether a job matches a filter. */
export type Matcher = (job: JobBase) => boolean

/**
 * Makes a predicate from a filter. Reads the contract definition from the server, unless the filter is empty.
 */
export async function readMatcher(url: string | URL, options: RequestOptions): Promise<Matcher> {
  const { filter = {} } = options
  if (Object.values(filter).every((value) => valuesOf(value).length === 0)) return () => true
  const target = apiUrl(url, 'api/v1/config')
  const contract = await readJson(target, { ...options, attempts: Number.POSITIVE_INFINITY }, (body) => {
    const info = dataOf(body).contract
    if (isContractInfo(info)) return info
    throw new Error(`${target.href} does not describe the contract's filters`)
  })
  return createMatcher(filter, contract)
}

function isContractInfo(value: unknown): value is ContractInfo {
  return isObject(value) && Array.isArray(value.filters) && Array.isArray(value.fields)
}

/**
 * Makes a predicate from a filter, with the same rules as the server. A field that is null matches nothing.
 * @throws JobcastError for a parameter that the definition does not have
 */
export function createMatcher(filter: JobFilter, contract: ContractInfo): Matcher {
  const tests = Object.entries(filter).flatMap(([name, value]): Matcher[] => {
    const values = valuesOf(value)
    const [bound] = values
    if (bound === undefined) return []
    const rule = contract.filters.find((each) => each.name === name)
    if (!rule)
      throw new JobcastError(
        400,
        'BAD_REQUEST',
        `${name} is not a filter of the contract ${contract.name}; it has: ${contract.filters.map((each) => each.name).join(', ')}`,
      )
    return [
      rule.kind === 'list' ? isOneOf(rule.fields, values, contract) : isWithin(rule.fields, rule.kind, bound),
    ]
  })
  return (job) => tests.every((test) => test(job))
}

function isOneOf(fields: string[], values: string[], contract: ContractInfo): Matcher {
  const tests = fields.map((field) => {
    const info = contract.fields.find(({ name }) => name === field)
    const wanted = new Set(values.map((value) => wireValue(value, info)))
    return { field, wanted }
  })
  return (job) =>
    tests.some(({ field, wanted }) => {
      const value = fieldOf(job, field)
      return value !== undefined && wanted.has(value)
    })
}

/** Converts a value to the form of a job's JSON. */
function wireValue(value: string, field: ContractInfo['fields'][number] | undefined): string {
  if (field?.kind === 'address' || field?.kind === 'bytes32') return value.toLowerCase()
  if (field?.kind === 'uint' && /^-?\d+$/.test(value)) return BigInt(value).toString()
  // A job has the number itself, even if the definition does not list it.
  if (typeof field?.values?.[0] === 'number') return value.replace(/^UNKNOWN_/, '')
  return value
}

/** Tests an inclusive bound of the first field. */
function isWithin([field = '']: string[], kind: 'min' | 'max', bound: string): Matcher {
  const sign = kind === 'min' ? 1 : -1
  return (job) => {
    const value = fieldOf(job, field)
    return value !== undefined && sign * compareDecimals(value, bound) >= 0
  }
}

/** Compares decimal numbers of any size, such as `'100.500000'` and `'99'`. */
export function compareDecimals(a: string, b: string): number {
  const [, fractionA = ''] = a.split('.')
  const [, fractionB = ''] = b.split('.')
  const digits = Math.max(fractionA.length, fractionB.length)
  const [x, y] = [scaled(a, digits), scaled(b, digits)]
  return x < y ? -1 : x > y ? 1 : 0
}

function scaled(decimal: string, digits: number): bigint {
  const [whole = '', fraction = ''] = decimal.split('.')
  return BigInt(whole + fraction.padEnd(digits, '0'))
}

function fieldOf(job: JobBase, field: string): string | undefined {
  const value: unknown = Reflect.get(job, field)
  return value === null || value === undefined ? undefined : String(value)
}

function valuesOf(value: JobFilter[string]): string[] {
  // A comma within a string separates values, as on the server.
  const text = String(value ?? '')
  return text === '' ? [] : text.split(',')
}
