import type { FastifySchemaValidationError } from 'fastify'

/** Unknown parameters that a message names. The answer must not outgrow the request. */
const MAX_NAMED = 5
const MAX_QUOTED_CHARACTERS = 80

/** An error of Ajv with its option `verbose`. */
interface VerboseError extends FastifySchemaValidationError {
  data?: unknown
  parentSchema?: { description?: string; properties?: Record<string, unknown> }
}

/** Names each bad parameter of a request and the values it takes, which are the description of its schema. */
export function validationMessage(errors: VerboseError[]): string {
  const unknown = errors.filter(isUnknownParameter)
  const messages = errors.filter((error) => !isUnknownParameter(error)).map(badValue)
  const [first] = unknown
  if (first) {
    const names = unknown.slice(0, MAX_NAMED).map(({ params }) => excerpt(String(params.additionalProperty)))
    const known = Object.keys(first.parentSchema?.properties ?? {}).join(', ')
    messages.unshift(`unknown parameter ${names.join(', ')}; there are ${known}`)
  }
  return [...new Set(messages)].join('; ')
}

/** The beginning of a text of the client, short enough to quote. */
export function excerpt(text: string): string {
  return text.length > MAX_QUOTED_CHARACTERS ? `${text.slice(0, MAX_QUOTED_CHARACTERS)}…` : text
}

function isUnknownParameter({ params }: VerboseError): boolean {
  return params.additionalProperty !== undefined
}

function badValue({ instancePath, parentSchema, data, message }: VerboseError): string {
  const name = instancePath.slice(1)
  if (Array.isArray(data)) return `${name} is given more than once; give it once, values comma-separated`
  return `${name} takes ${parentSchema?.description ?? message}; "${excerpt(String(data))}" is not`
}
