import type { TSchema } from 'typebox'
import type { Wire, WordDecoder } from './values.ts'

/** Every kind, by the name that `/api/v1/config` gives it. */
export const kindNames = ['uint', 'time', 'address', 'bytes32', 'choice', 'amount', 'text'] as const
export type KindName = (typeof kindNames)[number]

/** The options of a field, besides its kind. */
export interface FieldOptions {
  /** name of the event parameter that holds the value; by default the field's own name */
  from?: string
  /** one line for the API's documentation */
  about?: string
  /** true if the value names a participant of the job; the query parameter `participant` then covers the field */
  role?: boolean
  /** false: the field is not a query parameter and has no index */
  filter?: false
  /** initial value, in the form of a job's JSON, if the creating log does not carry the field */
  initial?: Wire
}

/** How the values of one query parameter are read, and how a 400 describes them. */
export interface QueryParameter {
  /** a regular expression for one value, without anchors */
  pattern: string
  /** the accepted values, in words */
  takes: string
  example: string
  /**
   * Converts a value to the form of a job's JSON.
   * @throws RangeError for a value that the pattern accepts and the field does not; its message completes
   * "NAME takes"
   */
  read(text: string): string
}

/** How values of a kind are decoded, documented and compared. `T` is their type in JSON. */
export interface Kind<T extends Wire | null = Wire | null> extends FieldOptions {
  /** never set; only carries the type `T` */
  wire?: T
  kind: KindName
  /** ABI types that the kind can decode */
  reads: RegExp
  /** JSON schema of a value that is not null */
  schema: TSchema
  /**
   * Makes the decoder of an ABI type that takes one word. Missing for the kind `text`, whose values may
   * take several.
   */
  decoder?(abiType: string): WordDecoder
  /** true if a job may have null here */
  nullable?: boolean
  /** true if no log carries the field: it is null in every job */
  offChain?: boolean
  /**
   * Makes the query parameter of values that come from these ABI types. Missing if the field cannot be
   * filtered by equality.
   */
  equalityParameter?(abiTypes: readonly string[]): QueryParameter
  /** set if the field can be filtered by a minimum and a maximum */
  rangeParameter?: QueryParameter
  /** fraction digits of an amount */
  decimals?: number
  /** unit of an amount; missing if jobs may use different units, whose amounts must not be added up */
  unit?: string
  /** known values of a choice */
  values?: readonly Wire[]
}

/** A kind whose fields can be filtered by equality. */
export type Filterable<T extends Wire | null> = Kind<T> & Required<Pick<Kind<T>, 'equalityParameter'>>
