import type { AbiEvent, Hex } from 'viem'
import { inOrderOfLife } from './conventions.ts'
import { createDecoder, type Decode } from './decode.ts'
import { DefinitionError, quote } from './errors.ts'
import { assertFields, defaultFields, idField, isFromLog, namedFields, statusField } from './fields.ts'
import { type FilterRule, filterRules } from './filters.ts'
import { fingerprintOf } from './fingerprint.ts'
import { abiTypesOf, assertDistinct, assertEveryFieldIsSet, formOf } from './forms.ts'
import { wordType } from './inputs.ts'
import { FIRST_STATUS, type Field } from './job.ts'
import type { DefinedJob } from './jobType.ts'
import type { Kind, QueryParameter } from './kind.ts'
import { namingOf } from './naming.ts'
import { assertRules, type EventRules, namesOf } from './rules.ts'

/** The input of {@link defineContract}; only `abi` is required. */
export interface Definition {
  abi: readonly unknown[]
  /** shown to clients; by default the name of the creating event */
  name?: string
  /** name of the event that creates a job; JobCreated by default */
  created?: string
  /** parameter that holds the job's id; by default `jobId`, `id`, or that of the event's noun (`taskId`) */
  id?: string
  /** fields of a job in the order they are sent; by default the parameters of the creating event */
  fields?: Record<string, Kind>
  /** events whose effect differs from what their names say; 'ignore' for an event without effect */
  events?: EventRules
}

/** A compiled definition. Made by {@link defineContract}. */
export interface Contract {
  name: string
  /** name of the creating event */
  created: string
  /** every field of a job, in the order it is sent; the id is the first */
  fields: Field[]
  /** how the id of a job in a path is read */
  idParameter: QueryParameter
  /** every status a job can have, in the order of a job's life */
  statuses: string[]
  /** first topics (topic 0) of its events */
  topics: Hex[]
  filters: FilterRule[]
  /**
   * names of the fields that filters read; the store keeps their values in this order in a column beside
   * the job
   */
  keys: string[]
  /** the first choice that logs set: statistics group by it */
  choice: Field | undefined
  /** the first amount with a unit that logs set, which statistics add up; undefined if there is none */
  sum: Field | undefined
  decode: Decode
  /** the same for definitions that store the same data */
  fingerprint: string
}

/**
 * Makes a contract from its definition. `defineContract({ abi })` is enough if the contract follows the
 * naming conventions: `JobCreated` creates a job, its parameters become fields, `JobFunded`, `JobCompleted`…
 * set statuses. The parameters of every event set the fields of the same name, unless the event reports a
 * payment. Several events of one name are forms of the same event.
 * @throws DefinitionError if the definition cannot work
 */
export function defineContract<const D extends Definition>(
  definition: D,
): Contract & { job?: DefinedJob<D> } {
  assertParts(definition)
  const { created = 'JobCreated', name = created, events: rules = {} } = definition
  const events = definition.abi.filter(isEvent)
  const creating = creatingForms(events, created, definition.abi)
  const naming = namingOf(creating[0], definition.id)

  const own = definition.fields ? namedFields(definition.fields) : defaultFields(creating, naming)
  assertFields(own)
  const fromLogs = own.filter(isFromLog)
  assertRules(rules, events, created, fromLogs)
  const ruleOf = new Map(Object.entries(rules))
  const forms = events.flatMap((event) => formOf(event, naming, fromLogs, ruleOf.get(event.name)) ?? [])
  assertDistinct(forms)
  assertEveryFieldIsSet(fromLogs, forms, events)

  const statuses = inOrderOfLife([FIRST_STATUS, ...forms.flatMap(({ status }) => status ?? [])])
  const id = idField(naming)
  const fields = [id, statusField(statuses), ...own]
  const filters = filterRules(fields, (field) => abiTypesOf(field, forms))
  const keys = [...new Set(filters.flatMap((rule) => rule.fields))]
  const sum = fromLogs.find(({ kind, unit }) => kind === 'amount' && unit !== undefined)
  return {
    name,
    created,
    fields,
    idParameter: id.equalityParameter([...new Set(forms.map((form) => wordType(form.id)))]),
    statuses,
    topics: [...new Set(forms.map(({ topic }) => topic))],
    filters,
    keys,
    choice: fromLogs.find(({ kind }) => kind === 'choice'),
    sum,
    decode: createDecoder(id, fields, forms),
    fingerprint: fingerprintOf(fields, forms, keys, sum),
  }
}

const PARTS = ['abi', 'name', 'created', 'id', 'fields', 'events']

/**
 * @throws DefinitionError if the definition has no ABI, has an unknown part, or has fields or events that are no
 * objects. TypeScript does not reject an unknown part, because the parameter of defineContract is generic.
 */
function assertParts(definition: Definition): void {
  if (!Array.isArray(definition.abi))
    throw new DefinitionError(
      `abi: it is missing or not an array; write defineContract({ abi }) with the contract's ABI`,
    )
  const unknown = Object.keys(definition).find((part) => !PARTS.includes(part))
  if (unknown !== undefined)
    throw new DefinitionError(`${unknown}: a definition has no such part; write one of ${PARTS.join(', ')}`)
  for (const part of ['fields', 'events'] as const) {
    const value: unknown = definition[part]
    if (value !== undefined && (typeof value !== 'object' || value === null))
      throw new DefinitionError(
        `${part}: ${quote(value)} is not an object; write ${part}: { name: … }, or leave it out`,
      )
  }
}

function isEvent(item: unknown): item is AbiEvent {
  if (typeof item !== 'object' || item === null) return false
  const { type, name, inputs, anonymous }: Partial<AbiEvent> = item
  return type === 'event' && typeof name === 'string' && Array.isArray(inputs) && anonymous !== true
}

/** @throws DefinitionError if the ABI has no event of the name */
function creatingForms(
  events: AbiEvent[],
  created: string,
  abi: readonly unknown[],
): [AbiEvent, ...AbiEvent[]] {
  const [first, ...others] = events.filter(({ name }) => name === created)
  if (first) return [first, ...others]
  if (abi.some((item) => typeof item === 'string'))
    throw new DefinitionError(`abi: its items are strings; write parseAbi([ … ]) around them, from 'viem'`)
  throw new DefinitionError(
    `created: the ABI has no event ${created}; its events: ${namesOf(events) || 'none'}; write created: '…' with the event that creates a job`,
  )
}
