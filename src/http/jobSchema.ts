import { type TObject, type TSchema, Type } from 'typebox'
import type { Contract } from '../contract/define.ts'
import type { Field, Job } from '../contract/job.ts'

/** The job object of a contract as a JSON schema. */
export function jobSchema({ fields }: Contract): TObject {
  const properties = Object.fromEntries(fields.map((field) => [field.name, schemaOf(field)]))
  return Type.Object(properties, { $id: 'Job', title: 'Job', additionalProperties: false })
}

function schemaOf({ schema, nullable, offChain, about }: Field): TSchema {
  const description = offChain ? 'not known to the chain: null' : about
  if (!nullable) return { ...schema, ...(description && { description }) }
  return Type.Union([schema, Type.Null()], { ...(description && { description }) })
}

/** A job for the documentation, made of the examples of its fields. */
export function exampleJob({ fields }: Contract): Job {
  const value = ({ nullable, schema }: Field) =>
    nullable ? null : ((schema as { examples?: unknown[] }).examples?.[0] ?? null)
  return Object.fromEntries(fields.map((field) => [field.name, value(field)])) as Job
}
