import { type Hex, toEventSelector } from 'viem'
import type { Contract } from '../../src/contract/define.ts'
import type { Random } from '../helpers/random.ts'

/** Fields of a job as a client sees them. */
export type Fields = Record<string, string | number | null>

/**
 * One event of a contract, and a function that draws random logs of it. The first parameter is always the
 * job's id, indexed.
 */
export interface EventModel {
  /** Solidity signature without parameter names */
  signature: string
  /** how many parameters after the job's id are topics; the others are data */
  indexed: number
  /** Draws the parameters after the job's id. */
  draw(random: Random): Drawn
}

export interface Drawn {
  /** parameters after the job's id, 64 hex digits each */
  words: string[]
  /** what the log sets in the job */
  set: Fields
  /** false if a word is not a value of its type; true by default */
  fits?: boolean
}

/** A log of the contract before it is mined. */
export interface LogSpec extends Drawn {
  event: EventModel
  creates: boolean
  jobId: bigint
  damage: Damage | null
  /** hash of its transaction, if the log was in an earlier block */
  transactionHash?: Hex
}

/** Ways in which a log does not fit the ABI. */
export const DAMAGES = ['a topic less', 'a topic more', 'a byte less'] as const
type Damage = (typeof DAMAGES)[number]

/** A query of the stream, and the events that it must select. */
export interface ModelQuery {
  query: Record<string, string>
  types: string[]
  matches(job: Fields): boolean
}

/** A contract definition, and an independent description of the effect of its logs. */
export interface ModelDefinition {
  /** the definition under test */
  contract: Contract
  creations: EventModel[]
  changes: EventModel[]
  /** a job with null in every field, in the public order of the fields */
  empty: Fields
  /** fields by which jobs are counted */
  tallyFields: string[]
  /** the field that groups the chart; null if there is none */
  choice: string | null
  /** the amount that statistics add up, and its fraction digits; null if there is none */
  sum: { field: string; decimals: number } | null
  queries: ModelQuery[]
}

export const JOB_EVENTS = ['job_created', 'job_updated', 'job_removed']

export function nameOf(event: EventModel): string {
  return event.signature.slice(0, event.signature.indexOf('('))
}

const topics = new Map<string, Hex>()
export function topicOf({ signature }: EventModel): Hex {
  const topic = topics.get(signature) ?? toEventSelector(signature)
  topics.set(signature, topic)
  return topic
}

/** A parameter as 64 hex digits. */
export function digits(value: number | bigint | Hex): string {
  const hex = typeof value === 'string' ? value.slice(2) : value.toString(16)
  return hex.padStart(64, '0')
}

/** An amount in the public form. */
export function fixed(units: bigint, decimals: number): string {
  if (decimals === 0) return String(units)
  const one = 10n ** BigInt(decimals)
  return `${units / one}.${String(units % one).padStart(decimals, '0')}`
}

/**
 * Draws small amounts on both sides of a filter's bound, and sometimes the largest or the smallest amount.
 */
export function drawAmount(random: Random): bigint {
  if (random.chance(0.03)) return 2n ** 256n - 1n
  return random.chance(0.05) ? 0n : 100n + BigInt(random.below(200))
}
