import type { AbiEvent } from 'viem'
import { nounOf } from './conventions.ts'
import { DefinitionError } from './errors.ts'
import { type Input, plainName, wordType } from './inputs.ts'

/** How the events of a contract name the job that they are about. */
export interface Naming {
  /** name of the event that creates a job */
  created: string
  /** the contract's word for a job */
  noun: string
  /** name of the id's parameter, if the definition gives one */
  parameter: string | undefined
  /** type of the id: `uint`, `address`, or bytes with their length */
  type: string
}

/** @throws DefinitionError if the creating event has no id, or one that cannot be a job's */
export function namingOf(creating: AbiEvent, parameter: string | undefined): Naming {
  const words = { created: creating.name, noun: nounOf(creating.name), parameter }
  const id = requireId(creating, words)
  const type = idType(id)
  if (!/^(uint|bytes\d+|address)$/.test(type))
    throw new DefinitionError(
      `id: ${id.name} of ${describeEvent(creating)} has the type ${id.type}; name a parameter that is a uint, bytes32 or address`,
    )
  return { ...words, type }
}

/** Returns the parameter that holds the job's id; undefined if the event has none. */
export function findId({ inputs }: AbiEvent, { noun, parameter }: Omit<Naming, 'type'>): Input | undefined {
  const idNames = ['jobid', 'id', `${noun.toLowerCase()}id`]
  const inputNamed = (idName: string) => inputs.find((input) => plainName(input).toLowerCase() === idName)
  const named = parameter === undefined ? undefined : inputs.find(({ name }) => name === parameter)
  return named ?? idNames.map(inputNamed).find((input) => input !== undefined)
}

/** @throws DefinitionError if the event has no parameter for the job's id */
export function requireId(event: AbiEvent, words: Omit<Naming, 'type'>): Input {
  const id = findId(event, words)
  if (id) return id
  const names = new Set([words.parameter, 'jobId', 'id', `${words.noun.toLowerCase()}Id`].filter(Boolean))
  // One `id` serves all events, so a later event must use that name or a conventional one.
  const advice =
    words.parameter !== undefined && event.name !== words.created
      ? "give its parameter with the job's id one of these names in the ABI (a log holds no names)"
      : "write id: '…' with the parameter that holds the job's id"
  throw new DefinitionError(
    `id: ${describeEvent(event)} has no parameter ${[...names].join(' or ')}; ${advice}`,
  )
}

/** Returns the type of an id; uints of all sizes are one type. */
export function idType(id: Input): string {
  const type = wordType(id)
  return /^uint\d*$/.test(type) ? 'uint' : type
}

/** Returns an event as a person writes it: `JobFunded(jobId, amount)`. */
export function describeEvent({ name, inputs }: AbiEvent): string {
  return `${name}(${inputs.map((input) => input.name || input.type).join(', ')})`
}
