#!/usr/bin/env node
import { createInterface } from 'node:readline/promises'
import { inspect, parseArgs } from 'node:util'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import type { App } from '../app.ts'
import { type Config, ConfigError, loadConfig, misspelt, type Role, readEnvironment } from '../config.ts'
import { DefinitionError } from '../contract/errors.ts'
import type { DevContract } from '../devnet/contracts.ts'
import { messageOf } from '../messages.ts'
import { createLog } from '../observe/log.ts'
import { redactor, secretsOf } from '../observe/secrets.ts'
import { DatabaseError } from '../store/database.ts'
import { isConnectionFault } from '../store/faults.ts'
import { version } from '../version.ts'
import { help } from './help.ts'

// Each command imports what it needs: modules are most of a start's time, and `--help` and `tail` need few.

/** The command line is wrong. */
class UsageError extends Error {}

/** The command cannot be done now, for a reason outside of the program. */
class FailedError extends Error {}

/** Exit codes: 2 if the command line or the settings are wrong, 1 for any other failure. */
const FAILED = 1
const MISUSED = 2

/** Removes secrets from what is printed. It knows URLs at once, and the configuration's secrets when that is read. */
let redact = redactor([])

/** A shutdown that takes longer is cut off. */
const CLOSE_MS = 10_000

const commands: Record<string, (args: string[]) => Promise<void>> = {
  start,
  devnet: runDevnet,
  generate,
  migrate,
  reset,
  tail: runTail,
}

async function main(argv: string[]): Promise<void> {
  const [name = 'start', ...args] = argv[0]?.startsWith('-') ? ['start', ...argv] : argv
  if (name === 'help') return console.log(helpOf(args[0]))
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) throw new UsageError(`there is no command "${name}"; see jobcast --help`)
  if (name !== 'tail' && (args.includes('--help') || args.includes('-h')))
    return console.log(helpOf(argv[0] === name ? name : undefined))
  if (name !== 'tail' && (args.includes('--version') || args.includes('-v'))) return console.log(version)
  return command(args)
}

/** The lines of the whole help that are about one command; the whole if there are none. */
function helpOf(command: string | undefined): string {
  const lines = help().split('\n')
  const first = lines.findIndex((line) => line.startsWith(`  ${command} `))
  if (command === undefined || first === -1) return help()
  const options = lines.slice(first + 1).findIndex((line) => !line.startsWith('    '))
  return `Usage: jobcast ${command} [options]

${lines.slice(first, first + 1 + options).join('\n')}

Settings and exit codes: jobcast --help`
}

async function start(args: string[]): Promise<void> {
  const { only } = options(args, { only: { type: 'string' } })
  if (only !== undefined && only !== 'indexer' && only !== 'api')
    throw new UsageError(`--only takes indexer or api, not "${only}"`)
  const { config, warnings } = configure((only as Role | undefined) ?? 'all')
  if (only !== undefined && config.databaseUrl === undefined)
    throw new UsageError(
      `--only ${only} needs DATABASE_URL: processes share a Postgres, and the embedded database is for one`,
    )
  const log = createLog(config)
  for (const warning of warnings) log.warn(warning)
  const app = await serve(config, log)
  log.info({ url: app.url, version, role: config.role }, `Jobcast ${version} listens on ${app.url}`)
  closeOnSignal(
    app,
    (message) => log.info(message),
    (error) => (isExpected(error) ? log.fatal(error.message) : log.fatal({ err: error }, 'internal error')),
  )
}

/** @throws ConfigError if it cannot listen on this HOST and PORT, FailedError if another program does */
async function serve(config: Readonly<Config>, log: Logger): Promise<App> {
  const { createApp } = await import('../app.ts')
  return createApp(config, log).catch((error: NodeJS.ErrnoException) => {
    const { host, port } = config
    if (error.code === 'EADDRINUSE')
      throw new FailedError(
        `Port ${port} is taken. Stop what listens there, or set PORT to another one (0 takes a free one).`,
      )
    if (error.syscall === 'getaddrinfo') throw new ConfigError(`HOST is "${host}", which does not resolve.`)
    if (error.code === 'EADDRNOTAVAIL')
      throw new ConfigError(`HOST is "${host}", which is not an address of this machine.`)
    if (error.syscall === 'listen')
      throw new ConfigError(`HOST is "${host}" and PORT is "${port}": ${error.message}`)
    throw error
  })
}

function configure(role: Role): { config: Readonly<Config>; warnings: string[] } {
  const environment = readEnvironment()
  const config = loadConfig(environment, role)
  redact = redactor(secretsOf(config))
  return { config, warnings: misspelt(environment) }
}

/** The configuration of a command that only works on the database. */
function configureDatabase(): Readonly<Config> {
  const { config, warnings } = configure('api')
  for (const warning of warnings) console.error(warning)
  return config
}

async function runDevnet(args: string[]): Promise<void> {
  const contract = await devContract(options(args, { contract: { type: 'string' } }).contract)
  // Nothing else of the user's settings: a devnet has its own chain and so its own database.
  const LOG_LEVEL = process.env.LOG_LEVEL || 'warn'
  const { port } = loadConfig({ LOG_LEVEL, PORT: process.env.PORT ?? '' }, 'api')
  const { startDevnet } = await import('../devnet/devnet.ts')
  const running = await startDevnet({
    contract,
    start(env) {
      const config = loadConfig({ ...env, LOG_LEVEL, POLL_INTERVAL_MS: '250' })
      return serve(config, createLog(config))
    },
    port,
  })
  closeOnSignal(running, (message) => console.log(message))
}

async function generate(args: string[]): Promise<void> {
  const [url = 'http://127.0.0.1:8545', rest] = args[0]?.startsWith('-')
    ? [undefined, args]
    : [args[0], args.slice(1)]
  const contract = await devContract(options(rest, { contract: { type: 'string' } }).contract)
  const { generate } = await import('../devnet/contracts.ts')
  const stopped = new AbortController()
  closeOnSignal({ close: async () => stopped.abort() }, (message) => console.log(message))
  await generate({
    url,
    contract,
    signal: stopped.signal,
    log: console.log,
  }).catch(async (error) => {
    const { BaseError } = await import('viem')
    throw error instanceof BaseError ? new FailedError(`${url}: ${messageOf(error)}`) : error
  })
}

/** The contract that a devnet deploys. @throws UsageError */
async function devContract(name: unknown = 'job-registry'): Promise<DevContract> {
  const { devContracts } = await import('../devnet/contracts.ts')
  const found = devContracts.find((known) => known === name)
  if (!found) throw new UsageError(`--contract takes ${devContracts.join(' or ')}, not "${name}"`)
  return found
}

async function migrate(args: string[]): Promise<void> {
  options(args, {})
  const { databaseUrl, dataDir, contract: name } = configureDatabase()
  const contract = await (await import('../contract/load.ts')).loadContract(name)
  // Opening migrates.
  const db =
    databaseUrl === undefined
      ? await (await import('../store/pglite.ts')).openPglite(dataDir, contract)
      : await answered((await import('../store/postgres.ts')).openPostgres(databaseUrl, contract))
  await db.close()
  console.log('the database is up to date')
}

async function reset(args: string[]): Promise<void> {
  const { yes } = options(args, { yes: { type: 'boolean', short: 'y' } })
  const config = configureDatabase()
  if (!yes && !(await confirm(`Forget everything indexed in ${databaseName(config)}?`)))
    throw new FailedError('nothing was changed')
  const { resetDatabase } = await import('../store/reset.ts')
  await answered(resetDatabase(config))
  console.log('done: the next start indexes anew')
}

/** @throws FailedError instead of the driver's error if the database does not answer */
async function answered<T>(work: Promise<T>): Promise<T> {
  return work.catch((error) => {
    throw isConnectionFault(error)
      ? new FailedError(`The database does not answer: ${messageOf(error)}`)
      : error
  })
}

async function runTail(args: string[]): Promise<void> {
  const stop = new AbortController()
  // Once: a second Ctrl-C ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const { tail } = await import('./tail.ts')
  const { stdout, stderr, env } = process
  process.exitCode = await tail(args, { stdout, stderr, env, signal: stop.signal })
}

async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError(`${question} Say so with --yes.`)
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question(`${question} [y/N] `)
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}

/** Without the password. */
function databaseName({ databaseUrl, dataDir }: Config): string {
  if (databaseUrl === undefined) return dataDir
  const { host, pathname } = new URL(databaseUrl)
  return `${host}${pathname}`
}

/** SIGINT, SIGTERM and uncaught errors close what runs; a second signal ends the process at once. */
function closeOnSignal(
  running: Pick<App, 'close'>,
  say: (message: string) => void,
  fail: (error: Error) => void = complain,
): void {
  closeWithGrace({ delay: CLOSE_MS, logger: false }, async ({ signal, err }) => {
    if (err) fail(err)
    else say(`${signal}: closing`)
    await running.close()
  })
}

function options<T extends NonNullable<Parameters<typeof parseArgs>[0]>['options']>(
  args: string[],
  known: T,
) {
  try {
    return parseArgs({ args, options: known as NonNullable<T>, strict: true }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; see jobcast --help`)
  }
}

main(process.argv.slice(2)).catch((error) => {
  complain(error)
  const misused = [UsageError, ConfigError, DefinitionError].some((known) => error instanceof known)
  process.exit(misused ? MISUSED : FAILED)
})

/** Prints one line for what the operator can fix, and the stack of an internal error. */
function complain(error: Error): void {
  console.error(redact(isExpected(error) ? error.message : inspect(error)))
}

function isExpected(error: unknown): error is Error {
  return [UsageError, ConfigError, DefinitionError, FailedError, DatabaseError].some(
    (known) => error instanceof known,
  )
}
