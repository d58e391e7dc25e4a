import { createInterface } from 'node:readline/promises'
import type { Config } from '../config.ts'
import { type Command, parseCommand } from './command.ts'
import { configureDatabase, withDatabaseErrors } from './configure.ts'
import { FailedError, UsageError } from './errors.ts'

/** `jobcast reset` */
export const resetCommand: Command = {
  name: 'reset',
  summary: 'delete everything that was indexed; the next start indexes from scratch',
  options: [['-y, --yes', 'do not ask']],
  async run(args) {
    const { yes } = parseCommand('reset', { args, options: { yes: { type: 'boolean', short: 'y' } } }).values
    const config = configureDatabase()
    if (!yes && !(await confirm(`Delete everything indexed in ${databaseName(config)}?`)))
      throw new FailedError('nothing was changed')
    const { resetDatabase } = await import('../store/reset.ts')
    await withDatabaseErrors(() => resetDatabase(config))
    console.log('done: the next start indexes from scratch')
  },
}

/** Asks a yes-or-no question on the terminal. @throws UsageError if there is no terminal */
async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError(
      `there is no terminal to ask on: "${question}" Give --yes to reset without the question.`,
    )
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  // Ctrl-C and Ctrl-D reject the question.
  const answer = await terminal.question(`${question} [y/N] `).catch(() => '')
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}

/** Names the database in the question: its folder, or its host and name without user and password. */
function databaseName({ databaseUrl, dataDir }: Config): string {
  if (databaseUrl === undefined) return dataDir
  const { host, pathname } = new URL(databaseUrl)
  return `${host}${pathname}`
}
