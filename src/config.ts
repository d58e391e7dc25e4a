import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { codeOf, ExpectedError } from './errors.ts'
import { messageOf } from './messages.ts'
import { misspellingWarnings } from './settings/misspelt.ts'
import { type Setting, settingsByKey } from './settings/settings.ts'
import { InvalidValue } from './settings/values.ts'

/** Role of a process: it indexes the chain, serves the API, or both. */
export type Role = 'all' | 'indexer' | 'api'

/** The settings as the program uses them. */
export type Config = { readonly role: Role } & {
  readonly [Key in keyof typeof settingsByKey]: ReturnType<(typeof settingsByKey)[Key]['read']>
}

/** Settings are invalid, missing or unusable. The message names each of them and quotes no secret. */
export class ConfigError extends ExpectedError {
  override name = 'ConfigError'
  override readonly exitCode = 2
}

/**
 * Reads the environment and the `.env` file of the working directory. The environment wins. An empty variable
 * is unset.
 */
export function readEnvironment(): Record<string, string> {
  const merged = { ...readDotEnv(), ...process.env }
  return Object.fromEntries(Object.entries(merged).flatMap(([name, text]) => (text ? [[name, text]] : [])))
}

function readDotEnv(): NodeJS.Dict<string> {
  try {
    // Some editors begin a file with a byte order mark, which would become a part of the first name.
    return parseEnv(readFileSync('.env', 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {}
    throw new ConfigError(`.env cannot be read: ${messageOf(error)}`)
  }
}

/**
 * Validates an environment and returns its settings. White space around a value is ignored.
 * @throws ConfigError that names every invalid variable
 */
export function loadConfig(env: Record<string, string>, role: Role = 'all'): Config {
  const wrong: string[] = []
  const entries = Object.entries<Setting>(settingsByKey).map(([key, setting]) => {
    const text = env[setting.name]?.trim() || setting.default || ''
    if (text === '' && setting.required && role !== 'api')
      wrong.push(`${setting.name} is missing; it takes: ${setting.takes}`)
    try {
      return [key, setting.read(text)]
    } catch (error) {
      if (!(error instanceof InvalidValue)) throw error
      wrong.push(rejection(setting, text, error.message))
      return [key, undefined]
    }
  })
  const config = { role, ...Object.fromEntries(entries) } as Config
  if (wrong.length === 0) wrong.push(...contradictions(config))
  if (wrong.length === 0) return Object.freeze(config)
  const lines = [...wrong, ...misspellingWarnings(env)].map((line) => `  ${line}`)
  throw new ConfigError(
    `The configuration is wrong:\n${lines.join('\n')}\nCorrect these settings in the environment or in .env (see .env.example).`,
  )
}

/** Returns a message for each pair of valid settings that cannot be used together. */
function contradictions({ maxLagSeconds, pollIntervalMs }: Config): string[] {
  if (maxLagSeconds * 1_000 >= 2 * pollIntervalMs) return []
  // An answer from the chain is recorded at each poll only, so /ready would answer 503 between two polls.
  const least = Math.ceil((2 * pollIntervalMs) / 1_000)
  return [
    `MAX_LAG_SECONDS is "${maxLagSeconds}": it must be at least ${least}, twice POLL_INTERVAL_MS (${pollIntervalMs} ms)`,
  ]
}

function rejection({ name, takes, secret }: Setting, text: string, reason: string): string {
  const found = secret ? 'is not valid' : `is "${text}"`
  return `${name} ${found}${reason && `: ${reason}`}; it takes: ${takes}`
}
