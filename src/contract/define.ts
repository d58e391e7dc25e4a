import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import type { AbiEvent, Hex } from 'viem'
import { createDecoder, type Decode } from './decode.ts'
import { DefinitionError } from './errors.ts'
import { assertNames, type FilterRule, filterRules, isReserved } from './filters.ts'
import {
  assertFilled,
  creatingIdType,
  describeEvent,
  type EventRule,
  type Form,
  formOf,
  idInput,
} from './form.ts'
import { inOrderOfLife, kindOf, nounOf, plain } from './habits.ts'
import { creation, FIRST_STATUS, type Field, type JobBase } from './job.ts'
import { address, bytes32, choice, type Kind, later, uint } from './kinds.ts'

/** A definition as it is written; only `abi` is required. */
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
  /** events that do something else than their names say, or 'ignore' */
  events?: Record<string, EventRule | 'ignore'>
}

/** A contract as every room sees it. Made by {@link defineContract}. */
export interface Contract {
  name: string
  /** name of the creating event */
  created: string
  /** every field of a job, in the order it is sent */
  fields: Field[]
  /** every status a job can have, in the order of a job's life */
  statuses: string[]
  /** first topics of its events */
  topics: Hex[]
  filters: FilterRule[]
  /** names of the fields that the filters look at; the store keeps their values in this order beside the job */
  keys: string[]
  /** the first choice: what statistics group by */
  choice: Field | undefined
  /** the amount that statistics add up; undefined if jobs may count in different units */
  sum: Field | undefined
  decode: Decode
  /** the same for definitions that store the same data */
  fingerprint: string
}

/** The job of a contract, whose type {@link defineContract} carries as `job`, which is never set: `type MyJob = JobOf<typeof myContract>`. */
export type JobOf<C> = C extends { job?: infer J } ? NonNullable<J> : never

type EventOf<Abi> = Extract<Abi extends readonly (infer Item)[] ? Item : never, { type: 'event' }>
type InputOf<Abi, Name> =
  Extract<EventOf<Abi>, { name: Name }> extends { inputs: readonly (infer Input)[] } ? Input : never
type CreatedOf<D> = D extends { created: infer Name extends string } ? Name : 'JobCreated'
type NameOf<Input> = Input extends { name: `_${infer Name}` }
  ? Name
  : Input extends { name: infer Name extends string }
    ? Name
    : never
type WireOf<Input> = Input extends { type: 'bool' }
  ? boolean
  : Input extends { type: 'address' }
    ? string | null
    : string
type FieldsOf<D> = D extends { fields: infer Fields extends Record<string, Kind> }
  ? { -readonly [Name in keyof Fields]: Fields[Name] extends Kind<infer T> ? T : never }
  : D extends { abi: infer Abi }
    ? { [Input in InputOf<Abi, CreatedOf<D>> as Exclude<NameOf<Input>, 'id'>]: WireOf<Input> }
    : never

/**
 * Makes a contract from its definition. `defineContract({ abi })` is enough for one that follows the habits: a
 * `JobCreated` event, its parameters as fields, `JobFunded`, `JobCompleted`… as statuses, and further events whose
 * parameters have the names of fields. Several events of one name are forms of the same event.
 * @throws DefinitionError that says what cannot work and where
 */
export function defineContract<const D extends Definition>(
  definition: D,
): Contract & { job?: JobBase & Omit<FieldsOf<D>, keyof JobBase> } {
  const { created = 'JobCreated', id, events: rules = {} } = definition
  if (!Array.isArray(definition.abi)) throw new DefinitionError('the definition has no abi, which is a list')
  const events = definition.abi.filter(isEvent)
  const noun = nounOf(created)
  const creating = events.filter(({ name }) => name === created)
  if (creating.length === 0) {
    const known = events.map(({ name }) => name).join(', ') || 'no events'
    throw new DefinitionError(
      `the ABI has no event ${created}, only ${known}: name the event that creates a job with created: '…'`,
    )
  }
  for (const name of Object.keys(rules))
    if (!events.some((event) => event.name === name))
      throw new DefinitionError(`events: the ABI has no event ${name}`)

  const idType = creatingIdType(creating[0] as AbiEvent, { id, noun })
  const own = definition.fields ? namedFields(definition.fields) : habitualFields(creating, { id, noun })
  assertNames(own)
  const forms = events
    .map((event) => formOf(event, { noun, created, id, idType, fields: own, rule: rules[event.name] }))
    .filter((form) => form !== undefined)
  assertDistinct(forms)
  assertFilled(own, forms, rules)

  const statuses = inOrderOfLife([FIRST_STATUS, ...forms.flatMap(({ status }) => status ?? [])])
  const fields = [idField(idType), statusField(statuses), ...own]
  const filters = filterRules(fields)
  return {
    name: definition.name ?? created,
    created,
    fields,
    statuses,
    topics: [...new Set(forms.map(({ topic }) => topic))],
    filters,
    keys: [...new Set(filters.flatMap((rule) => rule.fields.map(({ name }) => name)))],
    choice: own.find(({ kind }) => kind === 'choice'),
    sum: own.find(({ kind, unit }) => kind === 'amount' && unit !== undefined),
    decode: createDecoder(fields, forms),
    fingerprint: fingerprintOf(fields, forms),
  }
}

function isEvent(item: unknown): item is AbiEvent {
  const { type, name, inputs, anonymous } = (item ?? {}) as Partial<AbiEvent>
  return type === 'event' && typeof name === 'string' && Array.isArray(inputs) && anonymous !== true
}

/** The fields as written, and after them what the chain knows of the creation, unless they are among them. */
function namedFields(kinds: Record<string, Kind>): Field[] {
  return Object.entries({ ...kinds, ...without(creation, Object.keys(kinds)) }).map(([name, kind]) => ({
    ...kind,
    name,
  }))
}

/** A field for each parameter of the creating event; one that not all its forms have is null without it. */
function habitualFields(creating: AbiEvent[], options: { id: string | undefined; noun: string }): Field[] {
  const fields = new Map<string, Field>()
  creating.forEach(assertParameters)
  const inputs = creating.flatMap((event) =>
    event.inputs.filter((input) => input !== idInput(event, options)),
  )
  for (const input of inputs) {
    const name = plain(input.name)
    if (name === '' || fields.has(name)) continue
    const inAll = creating.every((event) => event.inputs.some((other) => plain(other.name) === name))
    const kind = inAll ? kindOf(input) : later(kindOf(input))
    // Every job has a field of that name already, or the API a parameter.
    const free =
      name === 'status' || name === 'jobId' || name in creation
        ? `contract${name.charAt(0).toUpperCase()}${name.slice(1)}`
        : name
    fields.set(free, {
      ...kind,
      name: free,
      from: input.name as string,
      ...(isReserved(free) && { filter: false }),
    })
  }
  return [...fields.values(), ...namedFields({})]
}

/** Refuses parameters that would make the same field. @throws DefinitionError */
function assertParameters(event: AbiEvent): void {
  const names = event.inputs.map((input) => plain(input.name)).filter((name) => name !== '')
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new DefinitionError(
      `${describeEvent(event)} has two parameters for the field ${twice}: name the fields and their parameters with fields: { … }`,
    )
}

function without<T extends object>(all: T, names: string[]): Partial<T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name))) as Partial<T>
}

function idField(type: string): Field {
  const kind = type === 'uint' ? uint() : type === 'address' ? address() : bytes32()
  return { ...kind, name: 'jobId', nullable: false, filter: false, about: 'id of the job in its contract' }
}

function statusField(statuses: string[]): Field {
  const schema = Type.String({ enum: statuses, examples: [FIRST_STATUS] })
  const pattern = `(${statuses.join('|')})`
  const equals = {
    pattern,
    takes: `any of ${statuses.join(', ')}`,
    example: FIRST_STATUS,
    read: (text: string) => text,
  }
  return { ...choice(statuses), name: 'status', schema, equals, about: 'what the latest log of the job says' }
}

/** Two forms that no log tells apart cannot both be decoded. */
function assertDistinct(forms: Form[]): void {
  const seen = new Map<string, Form>()
  for (const form of forms) {
    const key = `${form.topic} ${form.event.inputs.filter(({ indexed }) => indexed).length}`
    const other = seen.get(key)
    if (other && JSON.stringify(other.event.inputs) !== JSON.stringify(form.event.inputs))
      throw new DefinitionError(
        `${describeEvent(other.event)} and ${describeEvent(form.event)} look the same in a log: remove one from the ABI`,
      )
    seen.set(key, form)
  }
}

function fingerprintOf(fields: Field[], forms: Form[]): string {
  const stored = [
    fields.map(({ name, kind, decimals, values, initial, nullable }) => [
      name,
      kind,
      decimals,
      values,
      initial,
      nullable,
    ]),
    forms.map(({ event, topic, creates, id, status, sources }) => [
      ...[topic, event.inputs.map(({ indexed }) => indexed), creates, id.name, status],
      sources.map(({ field, input }) => [field.name, input.name]),
    ]),
  ]
  return createHash('sha256').update(JSON.stringify(stored)).digest('hex')
}
