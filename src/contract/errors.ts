import { inspect } from 'node:util'
import { ExpectedError } from '../errors.ts'

/**
 * A log that has a topic of the contract and does not fit its ABI, or is too long to decode. The indexer stores
 * it with the reason and continues.
 */
export class MalformedLogError extends Error {
  override name = 'MalformedLogError'
}

/**
 * Returns whether an error is a MalformedLogError. It compares names, because the module of a definition may
 * load another copy of the class.
 */
export function isMalformedLog(error: unknown): error is MalformedLogError {
  return error instanceof Error && error.name === 'MalformedLogError'
}

/**
 * A contract definition that cannot work. The message is one line: `place: problem; what to write instead`.
 */
export class DefinitionError extends ExpectedError {
  override name = 'DefinitionError'
  override readonly exitCode = 2
}

/** Maximum characters of a quoted value. */
const MAX_QUOTED = 120

/** Returns a value of a definition in one line, as an error quotes it. It may be anything that a module exports. */
export function quote(value: unknown): string {
  // inspect() adds the stack of an Error, in lines.
  const line = inspect(value, { depth: 1, compact: true, breakLength: Number.POSITIVE_INFINITY }).replace(
    /\s+/g,
    ' ',
  )
  return line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}…` : line
}
