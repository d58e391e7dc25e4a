import { inspect } from 'node:util'
import { type Config, ConfigError } from '../config.ts'
import { DefinitionError } from '../contract/errors.ts'
import { DatabaseError } from '../errors.ts'
import { redactor, secretsOf } from '../observe/secrets.ts'

/** The command line is wrong. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** The command fails for a reason outside of the program. */
export class FailedError extends Error {
  override name = 'FailedError'
}

const MISUSES = [UsageError, ConfigError, DefinitionError]
const FAILURES = [FailedError, DatabaseError]

/**
 * Returns 2 if the command line, the settings or the contract's definition are wrong, 1 for any other error.
 */
export function exitCodeOf(error: unknown): 1 | 2 {
  return MISUSES.some((Misuse) => error instanceof Misuse) ? 2 : 1
}

/** Returns whether an error is one that the operator can fix. Any other is an internal error. */
export function isExpected(error: unknown): error is Error {
  return [...MISUSES, ...FAILURES].some((Expected) => error instanceof Expected)
}

let redact = redactor([])

/**
 * Makes {@link printError} remove the secrets of a configuration. Until then, it removes only those in URLs.
 */
export function redactSecretsOf(config: Config): void {
  redact = redactor(secretsOf(config))
}

/** Prints one line for an error that the operator can fix, and the stack of an internal error. */
export function printError(error: unknown): void {
  console.error(redact(isExpected(error) ? error.message : inspect(error)))
}
