import { type TObject, type TSchema, Type } from 'typebox'
import type { Contract } from '../contract/define.ts'
import type { Field } from '../contract/job.ts'

/** Returns the JSON schema of a contract's job object. */
export function jobSchema({ fields }: Contract): TObject {
  const properties = Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field)]))
  return Type.Object(properties, { $id: 'Job', title: 'Job', additionalProperties: false })
}

function fieldSchema({ schema, nullable, offChain, about }: Field): TSchema {
  const description = offChain ? 'always null: no log carries it' : about
  const options = description ? { description } : {}
  return nullable ? Type.Union([schema, Type.Null()], options) : { ...schema, ...options }
}

/** Returns a job for the OpenAPI document, made of the examples of its fields. */
export function exampleJob({ fields }: Contract): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, exampleValue(field)]))
}

function exampleValue({ nullable, schema }: Field): unknown {
  if (nullable || !('examples' in schema) || !Array.isArray(schema.examples)) return null
  return schema.examples[0]
}
