import { settings } from '../settings/settings.ts'
import type { Command } from './command.ts'

type Columns = readonly [left: string, right: string]

/** Returns the text of `jobcast --help`. */
export function helpOf(commands: readonly Command[]): string {
  const commandRows = commands.flatMap((command): Columns[] => [
    [`  ${nameOf(command)}`, command.summary],
    ...(command.options ?? []).map(([typed, effect]): Columns => [`    ${typed}`, effect]),
  ])
  const settingRows = settings.map(({ name, takes, default: fallback, required }): Columns => {
    const note = required ? ' (required)' : fallback === undefined ? '' : ` (${fallback})`
    return [`  ${name}`, `${takes}${note}`]
  })
  return `Jobcast: the jobs of an on-chain marketplace, indexed into Postgres and pushed as Server-Sent Events.

Usage: jobcast [command] [options]

Commands:
${table(commandRows)}
  --help, --version

Exit codes: 0 success, 1 failure, 2 wrong command line, settings or contract definition.

Settings, from the environment or from .env:
${table(settingRows)}
`
}

/** Returns the text of `jobcast <command> --help`. */
export function commandHelp(command: Command): string {
  const { summary, details, options = [] } = command
  return `Usage: jobcast ${nameOf(command)}${options.length > 0 ? ' [options]' : ''}

${summary.charAt(0).toUpperCase()}${summary.slice(1)}.${details === undefined ? '' : `\n\n${details}`}

${table([...options.map(([typed, effect]): Columns => [`  ${typed}`, effect]), ['  -h, --help', 'show this help']])}

Settings and exit codes: jobcast --help
`
}

function nameOf({ name, parameters }: Command): string {
  return parameters === undefined ? name : `${name} ${parameters}`
}

function table(rows: readonly Columns[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`).join('\n')
}
