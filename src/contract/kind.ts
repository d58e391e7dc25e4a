import type { TSchema } from 'typebox'
import type { Wire, WordDecoder } from './values.ts'

/** Every kind, by the name that `/api/v1/config` gives it. */
export const kindNames = ['uint', 'time', 'address', 'bytes32', 'choice', 'amount', 'text'] as const
export type KindName = (typeof kindNames)[number]

/** What a definition may say of a field beside its kind. */
export interface FieldOptions {
  /** name of the event parameter that holds the value; by default the field's own name */
  from?: string
  /** one line for the API's documentation */
  about?: string
  /** true if the value names a party of the job: the parameter `participant` then covers it */
  role?: boolean
  /** false if the field is no query parameter and needs no index */
  filter?: false
  /** value of a new job if its creating log does not carry the field, in the form that jobs have it */
  initial?: Wire
}

/** How the values of one query parameter are read, and how a 400 describes them. */
export interface Parameter {
  /** a regular expression for one value, without anchors */
  pattern: string
  /** the accepted values, in words */
  takes: string
  example: string
  /** The value as a job's JSON has it. @throws RangeError that says what the parameter takes, if the pattern cannot */
  read(text: string): string
}

/** How a kind of value is decoded, documented and compared. `T` is its type on the wire. */
export interface Kind<T extends Wire | null = Wire | null> extends FieldOptions {
  /** never set: carries the type */
  wire?: T
  kind: KindName
  /** ABI types that the kind can decode */
  reads: RegExp
  /** JSON schema of a value that is not null */
  schema: TSchema
  /** Makes the decoder of an ABI type of one word. Missing if values are of dynamic types: they become text. */
  decoder?(abiType: string): WordDecoder
  /** true if a job may have null here */
  nullable?: boolean
  /** true if no log carries the field: it is null in every job */
  offChain?: boolean
  /** Makes the query parameter of values that come from these ABI types. Missing if the field cannot be filtered by equality. */
  equals?(abiTypes: readonly string[]): Parameter
  /** set if the field can be filtered by a minimum and a maximum */
  range?: Parameter
  /** fraction digits of an amount */
  decimals?: number
  /** what an amount is counted in; missing if jobs may use different units, which must not be added up */
  unit?: string
  /** known values of a choice */
  values?: readonly Wire[]
}
