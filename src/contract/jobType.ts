import type { JobBase } from './job.ts'
import type { Kind } from './kind.ts'

/**
 * The job of a contract: `type MyJob = JobOf<typeof myContract>`. A contract carries the type of its jobs as
 * the property `job`, which is never set.
 */
export type JobOf<C> = C extends { job?: infer J } ? NonNullable<J> : never

/** The job that a definition describes. Its fields follow the rules of fields.ts and conventions.ts. */
export type DefinedJob<Definition> = JobBase & Omit<FieldsOf<Definition>, keyof JobBase>

type FieldsOf<D> = D extends { fields: infer Fields }
  ? { -readonly [Name in keyof Fields]: Fields[Name] extends Kind<infer T> ? T : never }
  : DefaultFields<CreatingForms<D>, IdName<D, NameOf<InputOf<CreatingForms<D>>>>>

type WithInputs = { inputs: readonly unknown[] }
type InputOf<F extends WithInputs> = F['inputs'][number]
type CreatedName<D> = D extends { created: infer Name extends string } ? Name : 'JobCreated'
type CreatingForms<D> = D extends { abi: readonly (infer Item)[] }
  ? Extract<Item, WithInputs & { type: 'event'; name: CreatedName<D> }>
  : never

type DefaultFields<F extends WithInputs, Id> = {
  [Input in InputOf<F> as FieldName<Exclude<NameOf<Input>, Id>>]:
    | WireOf<Input>
    | NullIfMissing<F, NameOf<Input>>
}
type FieldName<Name extends string> = Name extends keyof JobBase | 'lifecycle'
  ? `contract${Capitalize<Name>}`
  : Name
type WireOf<Input> = Input extends { type: 'bool' }
  ? boolean
  : Input extends { type: 'address' }
    ? string | null
    : string
/** Null if one of the forms has no parameter of the name. */
type NullIfMissing<F extends WithInputs, Name> = F extends unknown
  ? Name extends NameOf<InputOf<F>>
    ? never
    : null
  : never

type NameOf<Input> = Input extends { name: infer Name extends string } ? PlainName<Name> : never
type PlainName<Name extends string> = Name extends ''
  ? never
  : Name extends `_${infer Rest}` | `${infer Rest}_`
    ? PlainName<Rest>
    : Name

/** Name of the parameter that holds the id: `findId` of naming.ts, as a type. */
type IdName<D, Name extends string> = D extends { id: infer Id extends string }
  ? PlainName<Id>
  : FirstNamed<Name, ['jobid', 'id', `${Lowercase<NounOf<CreatedName<D>>>}id`]>
type FirstNamed<Name extends string, Words> = Words extends [infer Word, ...infer Others]
  ? [Named<Name, Word>] extends [never]
    ? FirstNamed<Name, Others>
    : Named<Name, Word>
  : never
/** The names that are the word in upper or lower case. */
type Named<Name extends string, Word> = Name extends unknown
  ? Lowercase<Name> extends Word
    ? Name
    : never
  : never
type NounOf<Created extends string> = Created extends `New${infer Noun}`
  ? Noun extends Uncapitalize<Noun>
    ? FirstWord<Created>
    : FirstWord<Noun>
  : FirstWord<Created>
type FirstWord<Text extends string> = Text extends `${infer First}${infer Rest}`
  ? `${First}${UntilCapital<Rest>}`
  : ''
type UntilCapital<Text extends string> = Text extends `${infer First}${infer Rest}`
  ? First extends '_' | '$'
    ? ''
    : First extends Lowercase<First>
      ? `${First}${UntilCapital<Rest>}`
      : ''
  : ''
