import { type ParseArgsConfig, parseArgs } from 'node:util'
import { messageOf } from '../messages.ts'
import { UsageError } from './errors.ts'

/** A command of the command line, with its own help. */
export interface Command {
  name: string
  /** Positional arguments as the usage shows them, such as `[url]`. */
  parameters?: string
  /** One line for the list of commands. */
  summary: string
  /** Further text for the help of this command alone. */
  details?: string
  /** Each option as it is typed, with what it does. */
  options?: readonly (readonly [typed: string, effect: string])[]
  /**
   * Runs the command. A command that serves resolves once it has started.
   * @param args what follows the name on the command line
   * @throws UsageError, or another ExpectedError
   */
  run(args: string[], env: NodeJS.ProcessEnv): Promise<void>
}

/**
 * Checks a URL on the command line. `localhost:3000` is refused: URL reads `localhost:` as its scheme.
 * @throws UsageError
 */
export function assertUrl(command: string, text: string, ...schemes: ('http' | 'ws')[]): void {
  if (URL.canParse(text) && new RegExp(`^(${schemes.join('|')})s?://`, 'i').test(text)) return
  const accepted = schemes.map((scheme) => `${scheme}(s)://`).join(' or ')
  throw wrongArgument(command, `${text} is not an ${accepted} URL`)
}

/** Parses the arguments of a command. @throws UsageError */
export function parseCommand<const Config extends ParseArgsConfig>(
  command: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config)
  } catch (error) {
    throw wrongArgument(command, messageOf(error))
  }
}

/** Makes the error of a wrong argument. The message ends with a pointer to the help of the command. */
export function wrongArgument(command: string, message: string): UsageError {
  return new UsageError(`${message}; see jobcast ${command} --help`)
}
