import { ExpectedError } from '../errors.ts'
import { version } from '../version.ts'
import type { Command } from './command.ts'
import { devnetCommand } from './devnet.ts'
import { printError, UsageError } from './errors.ts'
import { generateCommand } from './generate.ts'
import { commandHelp, helpOf } from './help.ts'
import { migrateCommand } from './migrate.ts'
import { resetCommand } from './reset.ts'
import { startCommand } from './start.ts'
import { tailCommand } from './tail.ts'

// Loading modules takes most of the startup time, so a command imports its large modules when it runs.
const commands: readonly Command[] = [
  startCommand,
  devnetCommand,
  generateCommand,
  migrateCommand,
  tailCommand,
  resetCommand,
]

main(process.argv.slice(2)).catch((error) => {
  printError(error)
  process.exit(error instanceof ExpectedError ? error.exitCode : 1)
})

async function main(argv: string[]): Promise<void> {
  const name = argv[0]?.startsWith('-') ? undefined : argv[0]
  const args = name === undefined ? argv : argv.slice(1)
  if (name === 'help') return printHelp(args.find((arg) => !arg.startsWith('-')))
  if (args.includes('--help') || args.includes('-h')) return printHelp(name)
  const command = findCommand(name ?? 'start')
  if (args.includes('--version') || args.includes('-v')) return console.log(version)
  return command.run(args, process.env)
}

/** Prints the help of one command, or of all. */
function printHelp(name: string | undefined): void {
  console.log((name === undefined ? helpOf(commands) : commandHelp(findCommand(name))).trimEnd())
}

/** @throws UsageError if there is no such command */
function findCommand(name: string): Command {
  const command = commands.find((each) => each.name === name)
  if (!command) throw new UsageError(`there is no command "${name}"; see jobcast --help`)
  return command
}
