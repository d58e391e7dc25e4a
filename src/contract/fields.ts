import { Type } from 'typebox'
import { Check } from 'typebox/value'
import type { AbiEvent } from 'viem'
import { defaultKind } from './conventions.ts'
import { DefinitionError, quote } from './errors.ts'
import { isReservedParameter } from './filters.ts'
import { plainName } from './inputs.ts'
import { creation, FIRST_STATUS, type Field } from './job.ts'
import { type Filterable, type Kind, type KindName, kindNames } from './kind.ts'
import { address, bytes32, choice, later, uint } from './kinds.ts'
import { describeEvent, findId, type Naming } from './naming.ts'
import { decodeAddress, type Wire } from './values.ts'

/**
 * Reserved names of fields: those that every job has or that the API adds. A definition may list a name that has
 * a kind here, to choose its place. The others are not allowed.
 */
const reservedNames = new Map<string, KindName | undefined>([
  ['jobId', undefined],
  ['status', undefined],
  // The API adds it to a single job.
  ['lifecycle', undefined],
  ...Object.entries(creation).map(([name, { kind }]) => [name, kind] as const),
])

/** Returns the field of a job's id. The id is never null, even if it is the zero address. */
export function idField({ type }: Naming): Field & Filterable<Wire | null> {
  const about = 'id of the job in its contract'
  const base = { name: 'jobId', filter: false, nullable: false, about } as const
  if (type === 'uint') return { ...uint(), ...base }
  if (type === 'address') return { ...address(), decoder: () => decodeAddress, ...base }
  return { ...bytes32(), ...base }
}

/** Returns the field of a job's status. @param statuses every status that a job can have */
export function statusField(statuses: string[]): Field {
  return {
    ...choice(statuses),
    name: 'status',
    about: 'set by the latest log of the job that sets a status',
    // Unlike another choice it has no unknown values: statuses come from the definition, not from logs.
    schema: Type.String({ enum: statuses, examples: [FIRST_STATUS] }),
    equalityParameter: () => ({
      pattern: `(${statuses.join('|')})`,
      takes: `any of ${statuses.join(', ')}`,
      example: FIRST_STATUS,
      read: (text) => text,
    }),
  }
}

/** Returns the fields as a definition writes them, then those of {@link creation} that are not among them. */
export function namedFields(kinds: Record<string, Kind>): Field[] {
  const missing = Object.entries(creation).filter(([name]) => !(name in kinds))
  return [...Object.entries(kinds), ...missing].map(([name, kind]) => ({ ...kind, name }))
}

/**
 * Makes a field of each parameter of the creating event, except the id, in their order. If a form of the
 * event lacks a parameter, the field is null in jobs that this form created.
 * @throws DefinitionError if two parameters make one field
 */
export function defaultFields(forms: AbiEvent[], naming: Naming): Field[] {
  const kinds: Record<string, Kind> = {}
  for (const form of forms) {
    assertDistinctNames(form)
    const id = findId(form, naming)
    for (const input of form.inputs) {
      const name = plainName(input)
      const field = fieldName(name)
      if (input === id || input.name === undefined || name === '' || Object.hasOwn(kinds, field)) continue
      const inAll = forms.every(({ inputs }) => inputs.some((other) => plainName(other) === name))
      const kind = defaultKind(input)
      kinds[field] = {
        ...(inAll ? kind : later(kind)),
        from: input.name,
        ...(isReservedParameter(field) && { filter: false }),
      }
    }
  }
  return namedFields(kinds)
}

/** Returns the name of the field that a parameter makes. */
function fieldName(name: string): string {
  return reservedNames.has(name) ? `contract${name.charAt(0).toUpperCase()}${name.slice(1)}` : name
}

function assertDistinctNames(event: AbiEvent): void {
  const names = event.inputs.map((input) => fieldName(plainName(input))).filter((name) => name !== '')
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new DefinitionError(
      `abi: ${describeEvent(event)} has two parameters for the field ${twice}; write fields: { … } with a name for each, and their parameters with from`,
    )
}

/**
 * @throws DefinitionError for a value that is not a kind, a name that cannot be used, or an initial value
 * that the schema rejects
 */
export function assertFields(fields: Field[]): void {
  for (const { name, kind, filter, equalityParameter, initial, schema } of fields) {
    const where = `fields.${name}`
    if (!kindNames.includes(kind))
      throw new DefinitionError(`${where}: the value is not a kind; write one, such as ${name}: uint()`)
    // `name in {}` holds for the properties of every object, such as `constructor`.
    if (!/^[A-Za-z][A-Za-z0-9_$]{0,49}$/.test(name) || name in {})
      throw new DefinitionError(
        `${where}: the name cannot be used; write a letter, then at most 49 letters, digits, _ and $`,
      )
    if (reservedNames.has(name) && kind !== reservedNames.get(name))
      throw new DefinitionError(
        `${where}: every job has a field of this name, or the API adds one; write another name, with from: '${name}' for the parameter`,
      )
    if (equalityParameter && filter !== false && isReservedParameter(name))
      throw new DefinitionError(
        `${where}: a query parameter of the API has this name; write another name with from, or filter: false`,
      )
    if (initial !== undefined && !Check(schema, initial))
      throw new DefinitionError(
        `${where}.initial: ${quote(initial)} is not in the form of the field; write it as a job's JSON has it`,
      )
  }
}

/**
 * Returns whether logs set the field. They set all fields of a definition but those of {@link creation} and those
 * that are off the chain.
 */
export function isFromLog({ name, offChain }: Field): boolean {
  return !offChain && !reservedNames.has(name)
}
