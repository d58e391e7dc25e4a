import type { FastifySchemaValidationError } from 'fastify'

/** Maximum number of unknown parameters that a message names, so that the answer stays short. */
const MAX_NAMED = 5
const MAX_QUOTED_CHARACTERS = 80

/** An Ajv error under the option `verbose`. */
interface VerboseError extends FastifySchemaValidationError {
  data?: unknown
  parentSchema?: { description?: string; properties?: Record<string, unknown> }
}

/** Names each bad parameter of a request and what it takes, which is the description of its schema. */
export function validationMessage(errors: VerboseError[]): string {
  const unknown = errors.filter(isUnknownParameter)
  const messages = errors.filter((error) => !isUnknownParameter(error)).map(badValue)
  const [first] = unknown
  if (first) {
    const names = unknown.slice(0, MAX_NAMED).map(({ params }) => excerpt(String(params.additionalProperty)))
    const known = Object.keys(first.parentSchema?.properties ?? {}).join(', ')
    messages.unshift(`unknown parameter ${names.join(', ')}; known parameters: ${known}`)
  }
  return [...new Set(messages)].join('; ')
}

/** Returns the beginning of a client's text, short enough to quote. */
export function excerpt(text: string): string {
  return text.length > MAX_QUOTED_CHARACTERS ? `${text.slice(0, MAX_QUOTED_CHARACTERS)}…` : text
}

function isUnknownParameter({ params }: VerboseError): boolean {
  return params.additionalProperty !== undefined
}

function badValue({ instancePath, parentSchema, data, message }: VerboseError): string {
  const name = instancePath.slice(1)
  if (Array.isArray(data)) return `${name} is given more than once; give it once, values comma-separated`
  return `${name} takes ${parentSchema?.description ?? message}; found "${excerpt(String(data))}"`
}
