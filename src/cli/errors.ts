import { inspect } from 'node:util'
import type { Config } from '../config.ts'
import { ExpectedError } from '../errors.ts'
import { redactor, secretsOf } from '../observe/secrets.ts'

/** The command line is wrong. */
export class UsageError extends ExpectedError {
  override name = 'UsageError'
  override readonly exitCode = 2
}

/** The command fails for a reason outside of the program. */
export class FailedError extends ExpectedError {
  override name = 'FailedError'
}

let redact = redactor([])

/**
 * Makes {@link printError} remove the secrets of a configuration. Until then, it removes only those in URLs.
 */
export function redactSecretsOf(config: Config): void {
  redact = redactor(secretsOf(config))
}

/** Prints the message of an error that the operator can fix, and the stack of any other. */
export function printError(error: unknown): void {
  console.error(redact(error instanceof ExpectedError ? error.message : inspect(error)))
}
