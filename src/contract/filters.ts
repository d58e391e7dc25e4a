import { type TString, Type } from 'typebox'
import { BadRequestError } from '../errors.ts'
import { DefinitionError } from './errors.ts'
import type { Field, Job } from './job.ts'
import type { Parameter } from './kinds.ts'

/** Values one parameter takes: more is a mistake of the client, and costs every event. */
const MAX_VALUES = 100

/** How one query parameter selects jobs. */
export interface FilterRule {
  name: string
  /** list: the value of one of the fields is among those given. min, max: inclusive bounds of the one field */
  test: 'list' | 'min' | 'max'
  fields: Field[]
  parameter: Parameter
}

/** A parsed filter: every rule must hold. Two filters that select the same have the same JSON. */
export type Filter = FilterTest[]
export interface FilterTest {
  name: string
  test: FilterRule['test']
  /** names of the fields */
  fields: string[]
  /** values as a job's JSON has them, each once and sorted; one for min and max */
  values: string[]
}

/** Parameters of the API that no field can be filtered by. */
const RESERVED = [
  ...['types', 'filter', 'lastEventId', 'last_event_id', 'api_key', 'participant'],
  ...['fromBlock', 'toBlock', 'order', 'page', 'limit', 'cursor'],
]

export function isReserved(name: string): boolean {
  return RESERVED.includes(name)
}

/** Refuses names that cannot be fields. @throws DefinitionError */
export function assertNames(fields: Field[]): void {
  for (const { name, filter, equals } of fields) {
    if (!/^[A-Za-z][A-Za-z0-9_$]{0,49}$/.test(name) || name in {})
      throw new DefinitionError(
        `the field ${JSON.stringify(name)} needs another name: a letter, then at most 49 letters, digits and _`,
      )
    if (name === 'jobId' || name === 'status')
      throw new DefinitionError(
        `the field ${name} is every job's own: give the contract's value another name, and name its parameter with from: '${name}'`,
      )
    if (equals && filter !== false && isReserved(name))
      throw new DefinitionError(
        `the field ${name} has the name of a query parameter: rename it, or add filter: false`,
      )
  }
}

/** The query parameters of a contract: one for each field that can be filtered, and `participant`. */
export function filterRules(fields: Field[]): FilterRule[] {
  const rules: FilterRule[] = []
  for (const field of fields) {
    if (field.filter === false) continue
    const { name, equals, range } = field
    if (equals && field.kind !== 'time')
      rules.push({ name, test: 'list', fields: [field], parameter: equals })
    const capital = name.charAt(0).toUpperCase() + name.slice(1)
    if (range)
      for (const test of ['min', 'max'] as const)
        rules.push({ name: `${test}${capital}`, test, fields: [field], parameter: range })
  }
  const roles = fields.filter(({ role, filter, equals }) => role && filter !== false && equals)
  const [first] = roles
  if (first?.equals) {
    const same = roles.filter(({ kind }) => kind === first.kind)
    const takes = `${first.equals.takes}: jobs in which one of them is ${same.map(({ name }) => name).join(', ')}`
    rules.push({ name: 'participant', test: 'list', fields: same, parameter: { ...first.equals, takes } })
  }
  const double = rules.find((rule, i) => rules.findIndex(({ name }) => name === rule.name) !== i)
  if (double)
    throw new DefinitionError(
      `two fields make the query parameter ${double.name}: rename one of them, or add filter: false`,
    )
  return rules
}

/** The filter's query parameters as schemas, the same on the stream and on the history. Descriptions are also what a 400 says. */
export function filterParameters(rules: FilterRule[]): Record<string, TString> {
  return Object.fromEntries(
    rules.map(({ name, test, parameter: { pattern, takes, example } }) => [
      name,
      Type.Optional(
        Type.String({
          pattern: test === 'list' ? `^${pattern}(,${pattern})*$` : `^${pattern}$`,
          description: test === 'list' ? `${takes}; comma-separated, at most ${MAX_VALUES}` : takes,
          examples: [example],
        }),
      ),
    ]),
  )
}

/**
 * Reads a query that was validated by {@link filterParameters}.
 * @throws BadRequestError for what a pattern cannot exclude
 */
export function parseFilter(rules: FilterRule[], query: Record<string, unknown>): Filter {
  const filter: Filter = []
  for (const { name, test, fields, parameter } of rules) {
    const text = query[name]
    if (typeof text !== 'string') continue
    const values = test === 'list' ? text.split(',') : [text]
    if (values.length > MAX_VALUES) throw new BadRequestError(`${name} takes at most ${MAX_VALUES} values`)
    filter.push({
      name,
      test,
      fields: fields.map((field) => field.name),
      values: canonical(name, values, parameter),
    })
  }
  assertBounds(filter)
  return filter
}

/**
 * The values of a parameter as a job's JSON has them, each once and sorted.
 * @throws BadRequestError for what the parameter's pattern cannot exclude
 */
export function canonical(name: string, values: string[], { read }: Parameter): string[] {
  try {
    return [...new Set(values.map(read))].sort()
  } catch (error) {
    throw new BadRequestError(`${name} takes another value: ${(error as Error).message}`)
  }
}

function assertBounds(filter: Filter): void {
  for (const { test, fields, name, values } of filter) {
    if (test !== 'min') continue
    const max = filter.find((other) => other.test === 'max' && other.fields[0] === fields[0])
    if (max && isLess(max.values[0] as string, values[0] as string))
      throw new BadRequestError(`${name} is above ${max.name}: no job can match`)
  }
}

/** The filter as a predicate on job objects. */
export function matches(filter: Filter): (job: Job) => boolean {
  const tests = filter.map(({ test, fields, values }): ((job: Job) => boolean) => {
    const [field, bound] = [fields[0] as string, values[0] as string]
    if (test === 'min') return (job) => job[field] !== null && !isLess(String(job[field]), bound)
    if (test === 'max') return (job) => job[field] !== null && !isLess(bound, String(job[field]))
    const wanted = new Set(values)
    return (job) => fields.some((name) => wanted.has(String(job[name])))
  })
  return (job) => tests.every((test) => test(job))
}

/** Compares two amounts of one field: with no leading zeros and as many fraction digits, the longer one is larger. */
function isLess(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length
}
