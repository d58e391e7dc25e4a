import { type AnyColumn, and, gte, lte, type SQL, sql } from 'drizzle-orm'
import { type Static, Type } from 'typebox'
import { BadRequestError } from './errors.ts'
import { formatUsdc, type Job, parseUsdc, strategyTypes } from './job.ts'

/** Values one parameter takes; more is somebody's mistake, and costs every event. */
const MAX_VALUES = 100
const MAX_UINT256 = 2n ** 256n - 1n

const list = (value: string) => `^${value}(,${value})*$`
const usdc = '^[0-9]{1,72}(\\.[0-9]{1,6})?$'

/** The filter as query parameters, the same on the stream and on the history. Descriptions are also what a 400 says. */
export const filterParameters = {
  clientId: Type.Optional(
    Type.String({
      pattern: list('[0-9]{1,78}'),
      description: `uint256 ids in decimal, comma-separated, at most ${MAX_VALUES}`,
      examples: ['7,12'],
    }),
  ),
  strategyType: Type.Optional(
    Type.String({
      pattern: list(`(${strategyTypes.join('|')})`),
      description: `any of ${strategyTypes.join(', ')}, comma-separated`,
      examples: ['PROGRAM,HYBRID'],
    }),
  ),
  verificationLevel: Type.Optional(
    Type.String({
      pattern: list('[1-4]'),
      description: 'any of 1, 2, 3, 4, comma-separated',
      examples: ['1,2'],
    }),
  ),
  minBudget: Type.Optional(
    Type.String({
      pattern: usdc,
      description: 'decimal USDC, inclusive, at most 6 fraction digits',
      examples: ['100'],
    }),
  ),
  maxBudget: Type.Optional(
    Type.String({
      pattern: usdc,
      description: 'decimal USDC, inclusive, at most 6 fraction digits',
      examples: ['2500.50'],
    }),
  ),
}

const FilterQuery = Type.Object(filterParameters)
export type FilterQuery = Static<typeof FilterQuery>

/** A filter in the terms of the store; a part left out holds for every job. */
export interface Filter {
  /** decimal, without leading zeros */
  clientId?: string[]
  /** the contract's enum values */
  strategyType?: number[]
  verificationLevel?: number[]
  /** 10^-6 USDC in decimal */
  minBudget?: string
  maxBudget?: string
}

/**
 * Reads a validated query.
 * @throws BadRequestError for what a pattern cannot tell: numbers over uint256, too many values
 */
export function parseFilter(query: FilterQuery): Filter {
  const filter: Filter = {}
  if (query.clientId !== undefined)
    filter.clientId = values('clientId', query.clientId, (id) => uint256('clientId', id))
  if (query.strategyType !== undefined)
    filter.strategyType = values('strategyType', query.strategyType, (name) =>
      strategyTypes.indexOf(name as (typeof strategyTypes)[number]),
    )
  if (query.verificationLevel !== undefined)
    filter.verificationLevel = values('verificationLevel', query.verificationLevel, Number)
  if (query.minBudget !== undefined) filter.minBudget = uint256('minBudget', parseUsdc(query.minBudget))
  if (query.maxBudget !== undefined) filter.maxBudget = uint256('maxBudget', parseUsdc(query.maxBudget))
  return filter
}

/** Each once and sorted, so that the same filter has one form however it is written. */
function values<T>(name: string, text: string, read: (value: string) => T): T[] {
  const found = text.split(',')
  if (found.length > MAX_VALUES) throw new BadRequestError(`${name} takes at most ${MAX_VALUES} values`)
  return [...new Set(found.map(read))].sort()
}

function uint256(name: string, digits: string): string {
  const value = BigInt(digits)
  if (value > MAX_UINT256) throw new BadRequestError(`${name} is over the largest uint256`)
  return value.toString()
}

/** The filter as a predicate on job objects: what a stream carries. */
export function matches(filter: Filter): (job: Job) => boolean {
  const clients = filter.clientId && new Set(filter.clientId)
  const strategies =
    filter.strategyType && new Set<string>(filter.strategyType.map((n) => strategyTypes[n] as string))
  const levels = filter.verificationLevel && new Set(filter.verificationLevel)
  const min = filter.minBudget === undefined ? undefined : formatUsdc(filter.minBudget)
  const max = filter.maxBudget === undefined ? undefined : formatUsdc(filter.maxBudget)
  return (job) => {
    if (clients && !clients.has(job.clientId)) return false
    if (strategies && !strategies.has(job.strategyType)) return false
    if (levels && !levels.has(job.verificationLevel)) return false
    if (min !== undefined && isLess(job.budget, min)) return false
    return max === undefined || !isLess(max, job.budget)
  }
}

/** Of two amounts as a job object has them, which have no leading zeros and six digits behind the point, the longer is the larger. */
function isLess(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length
}

/** What a filter's condition is made of, whatever its values: the text of a statement depends on nothing else. */
export type FilterShape = { [part in keyof Filter]?: 'one' | 'many' }

/** The shape of a filter. */
export function shapeOf(filter: Filter): FilterShape {
  const shape: FilterShape = {}
  for (const part of parts)
    if (filter[part] !== undefined) shape[part] = isMany(filter[part]) ? 'many' : 'one'
  return shape
}

/** The values of a {@link condition}'s placeholders, by name. */
export function valuesOf(filter: Filter): Record<string, string> {
  const values: Record<string, string> = {}
  for (const part of parts) {
    const value = filter[part]
    if (value !== undefined) values[part] = isMany(value) ? `{${value.join(',')}}` : String(value)
  }
  return values
}

const parts = ['clientId', 'strategyType', 'verificationLevel', 'minBudget', 'maxBudget'] as const

function isMany(value: Filter[keyof Filter]): value is string[] | number[] {
  return Array.isArray(value) && value.length > 1
}

/** The filter as a condition on the columns of the store, its values left open: what the history holds. */
export function condition(
  shape: FilterShape,
  columns: Record<'clientId' | 'strategyType' | 'verificationLevel' | 'budget', AnyColumn>,
): SQL | undefined {
  return and(
    anyOf(columns.clientId, 'clientId', shape),
    anyOf(columns.strategyType, 'strategyType', shape),
    anyOf(columns.verificationLevel, 'verificationLevel', shape),
    shape.minBudget && gte(columns.budget, sql.placeholder('minBudget')),
    shape.maxBudget && lte(columns.budget, sql.placeholder('maxBudget')),
  )
}

/**
 * One text for any number of values, so that the statements a server keeps prepared are few; `=` alone keeps an index's order.
 * An array is no text that is cast: Postgres would read that again for every row.
 */
function anyOf(column: AnyColumn, part: keyof Filter, shape: FilterShape): SQL | undefined {
  if (!shape[part]) return undefined
  const type = sql.raw(column.getSQLType().replace(/\(.*/, ''))
  const value = sql.placeholder(part)
  return shape[part] === 'one'
    ? sql`${column} = ${value}::text::${type}`
    : sql`${column} = any(${value}::${type}[])`
}
