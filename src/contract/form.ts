import { type AbiEvent, type AbiParameter, type Hex, toEventSelector } from 'viem'
import { DefinitionError } from './errors.ts'
import { fieldOfSetter, idOf, isHashed, isPayment, plain, statusOf } from './habits.ts'
import { creation, type Field } from './job.ts'

/** What one event does to a job, where its name does not say it. */
export interface EventRule {
  /** status of the job after the event; null leaves it as it is. By default from the name: `JobFunded` sets FUNDED */
  status?: string | null
  /** fields the event sets and the parameters they come from, beside those of the same name */
  set?: Record<string, string>
}

export type Input = AbiParameter & { indexed?: boolean | undefined }

/** One form of one event: how its log is laid out, and what it does. */
export interface Form {
  event: AbiEvent
  topic: Hex
  creates: boolean
  /** parameter that holds the job's id */
  id: Input
  /** status of the job after it, if it sets one */
  status: string | undefined
  /** the fields it sets, and the parameters they come from */
  sources: { field: Field; input: Input }[]
}

export interface FormOptions {
  noun: string
  /** name of the creating event */
  created: string
  /** parameter of the id, if the definition names it */
  id: string | undefined
  /** type of the job's id */
  idType: string
  fields: Field[]
  rule: EventRule | 'ignore' | undefined
}

/** An event as a form; undefined if it does nothing to a job. @throws DefinitionError */
export function formOf(event: AbiEvent, options: FormOptions): Form | undefined {
  const { noun, created, rule } = options
  const creates = event.name === created
  if (rule === 'ignore') {
    if (creates) throw new DefinitionError(`events: ${created} creates the jobs and cannot be ignored`)
    return undefined
  }
  const id = idInput(event, options)
  // An event of another id is about something else, unless the definition says that it is about a job.
  if (!creates && !rule && (!id || idType(id) !== options.idType)) return undefined
  if (!id) throw new DefinitionError(noId(event, noun))
  if (idType(id) !== options.idType)
    throw new DefinitionError(
      `the id ${id.name} of ${describeEvent(event)} has the type ${id.type}, and that of ${created} another one: a job has one id`,
    )
  const status = creates || rule?.status === null ? undefined : (rule?.status ?? statusOf(event.name, noun))
  if (status !== undefined && !/^[A-Z][A-Z0-9_]{0,39}$/.test(status))
    throw new DefinitionError(
      `events: the status ${JSON.stringify(status)} of ${event.name} must be capitals, digits and _`,
    )
  const sources = sourcesOf(event, id, options)
  if (!creates && status === undefined && sources.length === 0) return undefined
  return { event, topic: toEventSelector(event), creates, id, status, sources }
}

/** The type of a job's id, by the creating event: uint, address, or bytes with their length. @throws DefinitionError */
export function creatingIdType(event: AbiEvent, options: Pick<FormOptions, 'id' | 'noun'>): string {
  const id = idInput(event, options)
  if (!id) throw new DefinitionError(noId(event, options.noun))
  const type = idType(id)
  if (/^(uint|bytes\d+|address)$/.test(type)) return type
  throw new DefinitionError(
    `the id ${id.name} of ${describeEvent(event)} has the type ${id.type}: it must be a uint, bytes32 or address`,
  )
}

function idType(id: Input): string {
  if (isHashed(id)) return 'bytes32'
  return /^uint\d*$/.test(id.type) ? 'uint' : id.type
}

function noId(event: AbiEvent, noun: string): string {
  const habits = ['jobId', 'id', `${noun.toLowerCase()}Id`].filter((name, i, all) => all.indexOf(name) === i)
  return `${describeEvent(event)} has no parameter ${habits.join(' or ')}: name the one that holds the job's id with id: '…'`
}

/** The parameter that holds the job's id. */
export function idInput(event: AbiEvent, { id, noun }: Pick<FormOptions, 'id' | 'noun'>): Input | undefined {
  const name = id !== undefined && event.inputs.some((input) => input.name === id) ? id : idOf(event, noun)
  return event.inputs.find((input) => input.name === name && name !== undefined)
}

function sourcesOf(
  event: AbiEvent,
  id: Input,
  { created, noun, fields, rule }: FormOptions,
): Form['sources'] {
  const set = (rule !== 'ignore' && rule?.set) || {}
  for (const name of Object.keys(set))
    if (!fields.some((field) => field.name === name))
      throw new DefinitionError(`events: ${event.name} sets ${name}, which is no field`)
  const creates = event.name === created
  const others = event.inputs.filter((input) => input !== id)
  const setter = creates
    ? undefined
    : fieldOfSetter(
        event.name,
        noun,
        fields.map(({ name }) => name),
      )
  const habitual = creates || !isPayment(event.name)
  const sources: Form['sources'] = []
  for (const field of fields) {
    if (field.offChain || field.name in creation) continue
    const wanted = set[field.name]
    const named = (name: string) => others.find((input) => input.name === name)
    const byName = habitual
      ? (named(field.from ?? field.name) ?? others.find(({ name }) => plain(name) === field.name))
      : undefined
    const bySetter = setter === field.name && others.length === 1 ? others[0] : undefined
    const input = wanted === undefined ? (byName ?? bySetter) : named(wanted)
    if (!input) continue
    if (fits(field, input)) sources.push({ field, input })
    else if (creates || wanted !== undefined)
      throw new DefinitionError(
        `the field ${field.name} has the kind ${field.kind}, and ${input.name} of ${describeEvent(event)} the type ${input.type}: they do not fit`,
      )
  }
  return sources
}

function fits(field: Field, input: Input): boolean {
  return field.reads.test(isHashed(input) ? 'bytes32' : input.type)
}

/** Refuses fields that no log fills, and a parameter that no event has. @throws DefinitionError */
export function assertFilled(
  fields: Field[],
  forms: Form[],
  rules: Record<string, EventRule | 'ignore'>,
): void {
  for (const field of fields) {
    if (field.offChain || field.name in creation) continue
    const filling = forms.filter(({ sources }) => sources.some((source) => source.field === field))
    if (filling.length === 0)
      throw new DefinitionError(
        `the field ${field.name} is in no event: name its parameter with from: '…', or wrap its kind in offChain()`,
      )
    const empty = forms.find((form) => form.creates && !filling.includes(form))
    if (empty && !field.nullable && field.initial === undefined)
      throw new DefinitionError(
        `the field ${field.name} is not in ${describeEvent(empty.event)}: wrap its kind in later(), or give it an initial value`,
      )
  }
  for (const [name, rule] of Object.entries(rules))
    for (const [field, parameter] of Object.entries(rule === 'ignore' ? {} : (rule.set ?? {})))
      if (
        !forms.some(
          ({ event, sources }) =>
            event.name === name && sources.some((s) => s.field.name === field && s.input.name === parameter),
        )
      )
        throw new DefinitionError(`events: ${name} has no parameter ${parameter} for the field ${field}`)
}

/** An event as a person writes it: `JobFunded(jobId, amount)`. */
export function describeEvent(event: AbiEvent): string {
  return `${event.name}(${event.inputs.map(({ name, type }) => name || type).join(', ')})`
}
