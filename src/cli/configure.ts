import { type Config, loadConfig, type Role, readEnvironment } from '../config.ts'
import { messageOf } from '../messages.ts'
import { misspellingWarnings } from '../settings/misspelt.ts'
import { isConnectionError } from '../store/connectionErrors.ts'
import { FailedError, redactSecretsOf } from './errors.ts'

/** Reads the configuration from the environment; `warnings` name misspelt settings. @throws ConfigError */
export function configure(role: Role): { config: Config; warnings: string[] } {
  const environment = readEnvironment()
  const config = loadConfig(environment, role)
  redactSecretsOf(config)
  return { config, warnings: misspellingWarnings(environment) }
}

/**
 * Reads the configuration for a command that uses only the database, and prints the warnings.
 * @throws ConfigError
 */
export function configureDatabase(): Config {
  const { config, warnings } = configure('api')
  for (const warning of warnings) console.error(warning)
  return config
}

/**
 * Awaits work on the database.
 * @throws FailedError, in place of the driver's error, if the database does not answer
 */
export function withDatabaseErrors<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((error) => {
    throw isConnectionError(error)
      ? new FailedError(
          `The database does not answer: ${messageOf(error)}. Start it, or correct DATABASE_URL.`,
        )
      : error
  })
}
