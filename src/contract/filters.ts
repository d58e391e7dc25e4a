import { type TString, Type } from 'typebox'
import { BadRequestError } from '../errors.ts'
import { DefinitionError } from './errors.ts'
import type { Field, Job } from './job.ts'
import type { QueryParameter } from './kind.ts'

/** Maximum number of values of one parameter. It bounds the memory of a stream and the cost of a query. */
const MAX_VALUES = 100

/** How one query parameter selects jobs. */
export interface FilterRule {
  name: string
  /** list: one of the fields has one of the values given. min, max: inclusive bounds of the first field */
  operator: 'list' | 'min' | 'max'
  /** names of the fields */
  fields: string[]
  parameter: QueryParameter
}

/**
 * A parsed filter: every test must hold. Queries that differ only in the order or the notation of values give
 * the same JSON.
 */
export type Filter = FilterTest[]
export interface FilterTest extends Omit<FilterRule, 'parameter'> {
  /** values as a job's JSON has them, each once and sorted; one for min and max */
  values: string[]
}

/** Parameters that the API gives a meaning of its own. */
const RESERVED_PARAMETERS = [
  'types',
  'filter',
  'lastEventId',
  'last_event_id',
  'api_key',
  'participant',
  'fromBlock',
  'toBlock',
  'order',
  'page',
  'limit',
  'cursor',
]

export function isReservedParameter(name: string): boolean {
  return RESERVED_PARAMETERS.includes(name)
}

/**
 * Returns the query parameters of a contract: those of each field that can be filtered, and `participant`.
 * @param abiTypesOf the types of the parameters that a field comes from
 * @throws DefinitionError if two fields make the same parameter
 */
export function filterRules(fields: Field[], abiTypesOf: (field: Field) => string[]): FilterRule[] {
  const rules = [
    ...fields.filter(({ filter }) => filter !== false).flatMap((field) => rulesOf(field, abiTypesOf(field))),
    ...participantRules(fields, abiTypesOf),
  ]
  const twice = rules.find((rule, i) => rules.findIndex(({ name }) => name === rule.name) !== i)
  if (twice)
    throw new DefinitionError(
      `fields.${twice.fields[0]}: another field makes the query parameter ${twice.name} too; write another name with from, or filter: false`,
    )
  return rules
}

function rulesOf(field: Field, abiTypes: string[]): FilterRule[] {
  const { name, equalityParameter, rangeParameter } = field
  const capital = name.charAt(0).toUpperCase() + name.slice(1)
  const rules: FilterRule[] = []
  if (equalityParameter)
    rules.push({ name, operator: 'list', fields: [name], parameter: equalityParameter(abiTypes) })
  if (rangeParameter)
    rules.push(
      { name: `min${capital}`, operator: 'min', fields: [name], parameter: rangeParameter },
      { name: `max${capital}`, operator: 'max', fields: [name], parameter: rangeParameter },
    )
  return rules
}

/** `participant` covers the roles that have the same kind as the first role. */
function participantRules(fields: Field[], abiTypesOf: (field: Field) => string[]): FilterRule[] {
  const [first, ...others] = fields.filter(
    ({ role, filter, equalityParameter }) => role && filter !== false && equalityParameter,
  )
  if (!first?.equalityParameter) return []
  const roles = [first, ...others.filter(({ kind }) => kind === first.kind)]
  const names = roles.map(({ name }) => name)
  const parameter = first.equalityParameter([...new Set(roles.flatMap(abiTypesOf))])
  const takes = `${parameter.takes}; a job matches if one of them is its ${names.join(' or ')}`
  return [{ name: 'participant', operator: 'list', fields: names, parameter: { ...parameter, takes } }]
}

/**
 * Returns the filter's query parameters as schemas, the same for stream and history. A 400 quotes their
 * descriptions.
 */
export function filterParameters(rules: FilterRule[]): Record<string, TString> {
  return Object.fromEntries(
    rules.map(({ name, operator, parameter: { pattern, takes, example } }) => [
      name,
      Type.Optional(
        Type.String({
          pattern: operator === 'list' ? `^${pattern}(,${pattern})*$` : `^${pattern}$`,
          description: operator === 'list' ? `${takes}; comma-separated, at most ${MAX_VALUES}` : takes,
          examples: [example],
        }),
      ),
    ]),
  )
}

/**
 * Reads a query that was validated by {@link filterParameters}.
 * @throws BadRequestError for a value that the patterns cannot exclude
 */
export function parseFilter(rules: FilterRule[], query: Record<string, unknown>): Filter {
  const filter: Filter = []
  for (const { name, operator, fields, parameter } of rules) {
    const text = query[name]
    if (typeof text !== 'string') continue
    const values = operator === 'list' ? text.split(',') : [text]
    if (values.length > MAX_VALUES) throw new BadRequestError(`${name} takes at most ${MAX_VALUES} values`)
    const read = new Set(values.map((value) => readValue(name, value, parameter)))
    filter.push({ name, operator, fields, values: [...read].sort() })
  }
  assertBounds(filter)
  return filter
}

/**
 * Reads one value of a parameter, as a job's JSON has it.
 * @throws BadRequestError for a value that the parameter's pattern cannot exclude
 */
export function readValue(name: string, text: string, { read }: QueryParameter): string {
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new BadRequestError(`${name} takes ${error.message}`)
  }
}

function assertBounds(filter: Filter): void {
  for (const { operator, fields, name, values } of filter) {
    if (operator !== 'min') continue
    const max = filter.find((other) => other.operator === 'max' && other.fields[0] === fields[0])
    if (max && isLess(max.values[0], values[0]))
      throw new BadRequestError(`${name} is above ${max.name}: no job can match`)
  }
}

/** Returns the filter as a predicate on job objects. */
export function matches(filter: Filter): (job: Job) => boolean {
  const tests = filter.map(({ operator, fields, values }): ((job: Job) => boolean) => {
    const [field = '', bound = ''] = [fields[0], values[0]]
    if (operator === 'min') return (job) => job[field] !== null && !isLess(String(job[field]), bound)
    if (operator === 'max') return (job) => job[field] !== null && !isLess(bound, String(job[field]))
    const wanted = new Set(values)
    return (job) => fields.some((name) => job[name] !== null && wanted.has(String(job[name])))
  })
  return (job) => tests.every((test) => test(job))
}

/**
 * Compares two amounts of one field. Both have no leading zeros and the same number of fraction digits, so
 * the longer one is larger.
 */
function isLess(a = '', b = ''): boolean {
  return a.length === b.length ? a < b : a.length < b.length
}
