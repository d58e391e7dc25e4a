import type { AbiEvent, Hex } from 'viem'
import { toEventSelector } from 'viem/utils'
import { defaultKind, defaultStatus, fieldOfSetter, isPayment } from './conventions.ts'
import { DefinitionError } from './errors.ts'
import { type Input, indexedInputs, plainName, wordType } from './inputs.ts'
import type { Field } from './job.ts'
import { describeEvent, findId, idType, type Naming, requireId } from './naming.ts'
import type { EventRule } from './rules.ts'

/**
 * A form of an event: the layout of its log, and its effect on a job. An ABI may have several events of
 * one name.
 */
export interface EventForm {
  event: AbiEvent
  topic: Hex
  creates: boolean
  /** parameter that holds the job's id */
  id: Input
  /** status of the job after the event; undefined if the event leaves it as it is */
  status: string | undefined
  /** the fields that the event sets, and the parameters they come from */
  sources: { field: Field; input: Input }[]
}

/**
 * Makes a form of an event; undefined if the event does nothing to a job.
 * @param fields those that a log can set
 * @throws DefinitionError if the event has no id of the job's type, or a parameter that its field cannot hold
 */
export function formOf(
  event: AbiEvent,
  naming: Naming,
  fields: Field[],
  rule: EventRule | 'ignore' | undefined,
): EventForm | undefined {
  if (rule === 'ignore') return undefined
  const creates = event.name === naming.created
  const isNamed = creates || rule !== undefined
  const found = findId(event, naming)
  // An event without an id of the right type is about something else, unless the definition names the event.
  if (!isNamed && (!found || idType(found) !== naming.type)) return undefined
  const id = requireId(event, naming)
  if (idType(id) !== naming.type)
    throw new DefinitionError(
      `id: ${id.name} of ${describeEvent(event)} has the type ${id.type}, but the id in ${naming.created} has another type; remove one of the two events from the ABI: all ids of jobs must have one type`,
    )
  const status = rule?.status === undefined ? defaultStatus(event.name, naming.noun) : rule.status
  const sources = sourcesOf(event, id, naming, fields, rule?.set ?? {})
  if (!creates && !status && sources.length === 0) return undefined
  const topic = toEventSelector(event)
  return { event, topic, creates, id, status: creates || status === null ? undefined : status, sources }
}

function sourcesOf(
  event: AbiEvent,
  id: Input,
  { created, noun }: Naming,
  fields: Field[],
  set: Record<string, string>,
): EventForm['sources'] {
  const creates = event.name === created
  const others = event.inputs.filter((input) => input !== id)
  const names = fields.map(({ name }) => name)
  const setterField = creates ? undefined : fieldOfSetter(event.name, noun, names)

  function defaultInput({ name, from = name }: Field): Input | undefined {
    const byName =
      others.find((input) => input.name === from) ?? others.find((input) => plainName(input) === name)
    if (byName && (creates || !isPayment(event.name))) return byName
    return setterField === name ? newValueOf(others) : undefined
  }

  const sources: EventForm['sources'] = []
  for (const field of fields) {
    const parameter = set[field.name]
    // The parameter is in at least one form of the event, and may be missing in this one.
    const chosen = parameter ? event.inputs.find(({ name }) => name === parameter) : undefined
    const input = chosen ?? defaultInput(field)
    if (!input) continue
    if (reads(field, input)) sources.push({ field, input })
    else if (chosen) throw misfit(`events.${event.name}.set.${field.name}`, field, event, input)
    else if (creates) throw misfit(`fields.${field.name}`, field, event, input)
  }
  return sources
}

/** Returns the parameter of a setter that holds the new value: the only one, or the only one named `new…`. */
function newValueOf(inputs: Input[]): Input | undefined {
  const named = inputs.filter((input) => /^new[A-Z]/.test(plainName(input)))
  const [value, ...others] = inputs.length === 1 ? inputs : named
  return others.length === 0 ? value : undefined
}

function reads(field: Field, input: Input): boolean {
  return field.reads.test(wordType(input))
}

/**
 * Returns the types of the parameters that a field comes from. A field that no log sets comes from the block or
 * its transaction.
 */
export function abiTypesOf(field: Field, forms: EventForm[]): string[] {
  const inputs = forms.flatMap(({ sources }) => sources.filter((source) => source.field === field))
  if (inputs.length === 0) return [field.kind === 'bytes32' ? 'bytes32' : 'uint256']
  return [...new Set(inputs.map(({ input }) => wordType(input)))]
}

function misfit(where: string, { kind }: Field, event: AbiEvent, input: Input): DefinitionError {
  return new DefinitionError(
    `${where}: ${input.name} of ${describeEvent(event)} has the type ${input.type}, which the kind ${kind} does not read; write ${kindCall(input)}, or name another parameter`,
  )
}

/** Returns the kind that fits a parameter, as a definition writes it. */
function kindCall(input: Input): string {
  const { kind } = defaultKind(input)
  if (kind === 'choice') return 'choice([false, true])'
  return kind === 'amount' ? 'amount(0)' : `${kind}()`
}

/**
 * @throws DefinitionError for two forms that a log cannot distinguish: the same topic and the same number of
 * indexed parameters
 */
export function assertDistinct(forms: EventForm[]): void {
  const seen = new Map<string, EventForm>()
  for (const form of forms) {
    const { event } = form
    const key = layoutOf(form)
    const other = seen.get(key)?.event
    if (other && JSON.stringify(other.inputs) !== JSON.stringify(event.inputs))
      throw new DefinitionError(
        `abi: ${describeEvent(other)} and ${describeEvent(event)} look the same in a log; remove one of them`,
      )
    seen.set(key, form)
  }
}

/** Returns the key of a form, equal to that of its logs. */
export function layoutOf({ topic, event }: EventForm): string {
  return layoutKey(topic, 1 + indexedInputs(event).length)
}

/**
 * Returns a key that is the same for a form and its logs. The topic alone is not enough: two forms may differ
 * only in what is indexed.
 */
export function layoutKey(topic: string | undefined, topics: number): string {
  return `${topic}/${topics}`
}

/**
 * @param fields those that a log can set
 * @throws DefinitionError for a field that no log sets, or that a new job would lack
 */
export function assertEveryFieldIsSet(fields: Field[], forms: EventForm[], events: AbiEvent[]): void {
  for (const field of fields) {
    const where = `fields.${field.name}`
    const { from = field.name, nullable, initial } = field
    const isSetBy = (form: EventForm) => form.sources.some((source) => source.field === field)
    const lacking = forms.find((form) => form.creates && !isSetBy(form))
    if (!forms.some(isSetBy)) {
      for (const event of events)
        for (const input of event.inputs)
          if (input.name === from && !reads(field, input)) throw misfit(where, field, event, input)
      throw new DefinitionError(
        `${where}: neither ${lacking && describeEvent(lacking.event)} nor another event sets it; write its parameter in from: '…' or in set of an event, or offChain() if no log carries it`,
      )
    }
    if (lacking && !nullable && initial === undefined)
      throw new DefinitionError(
        `${where}: ${describeEvent(lacking.event)} has no parameter ${from}; write later() around the kind, or an initial value`,
      )
  }
}
