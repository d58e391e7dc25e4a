#!/usr/bin/env node
import { createInterface } from 'node:readline/promises'
import { inspect, parseArgs } from 'node:util'
import closeWithGrace from 'close-with-grace'
import type { App } from './app.ts'
import { type Config, ConfigError, loadConfig, type Role, readEnvironment } from './config.ts'
import { help } from './help.ts'
import { createLog } from './log.ts'
import { redactor, secretsOf } from './secrets.ts'
import { DatabaseError } from './store/database.ts'
import { isConnectionFault, messageOf } from './store/faults.ts'
import { version } from './version.ts'

// Each command imports what it needs: `--help` and `tail` wait for no database, chain or server to load.

/** The command line is wrong. */
class UsageError extends Error {}

/** What the exit code tells: 2 where the command line or the settings have to be mended, 1 for any other failure. */
const FAILED = 1
const MISUSED = 2

/** Takes secrets out of what is printed; knows them once there is a configuration. */
let redact = (text: string) => text

/** A shutdown that takes longer is cut off. */
const CLOSE_MS = 10_000

// What a command alone needs is loaded by it: modules are most of a start's time.
async function main(argv: string[]): Promise<void> {
  const [command = 'start', ...rest] = argv[0]?.startsWith('-') ? ['start', ...argv] : argv
  if (command === 'tail') return runTail(rest)
  if (argv.includes('--help') || argv.includes('-h') || command === 'help') return console.log(help())
  if (argv.includes('--version') || argv.includes('-v')) return console.log(version)
  switch (command) {
    case 'start':
      return start(rest)
    case 'devnet':
      return runDevnet(rest)
    case 'generate':
      return generate(rest)
    case 'migrate':
      return migrate(rest)
    case 'reset':
      return reset(rest)
    default:
      throw new UsageError(`there is no command "${command}"; see jobcast --help`)
  }
}

async function start(args: string[]): Promise<void> {
  const { only } = options(args, { only: { type: 'string' } })
  if (only !== undefined && only !== 'indexer' && only !== 'api')
    throw new UsageError(`--only takes indexer or api, not "${only}"`)
  const config = configure((only as Role | undefined) ?? 'all')
  if (only !== undefined && config.databaseUrl === undefined)
    throw new UsageError(
      `--only ${only} needs DATABASE_URL: processes share a Postgres, and the embedded database is for one`,
    )
  const log = createLog(config)
  const { createApp } = await import('./app.ts')
  const app = await createApp(config, log)
  log.info({ url: app.url, version, role: config.role }, `Jobcast ${version} listens on ${app.url}`)
  closeOnSignal(
    app,
    (message) => log.info(message),
    (error) => (isOurs(error) ? log.fatal(error.message) : log.fatal({ err: error }, 'a fault of ours')),
  )
}

function configure(role: Role): Readonly<Config> {
  const config = loadConfig(readEnvironment(), role)
  redact = redactor(secretsOf(config))
  return config
}

async function runDevnet(args: string[]): Promise<void> {
  options(args, {})
  const [{ devnet }, { createApp }] = await Promise.all([import('./devnet/devnet.ts'), import('./app.ts')])
  const running = await devnet({
    start(env) {
      // Nothing of the user's .env: a devnet is its own chain and so its own database.
      const config = loadConfig({
        ...env,
        LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
        POLL_INTERVAL_MS: '250',
      })
      return createApp(config, createLog(config))
    },
    ...(process.env.PORT && { port: Number(process.env.PORT) }),
  })
  closeOnSignal(running, (message) => console.log(message))
}

async function generate([url = 'http://127.0.0.1:8545', ...rest]: string[]): Promise<void> {
  options(rest, {})
  const { deployRegistry, generateJobs } = await import('./devnet/registry.ts')
  const { address } = await deployRegistry(url)
  console.log(`deployed the contract at ${address}; a job every 3 s, Ctrl-C ends it`)
  const stopped = new AbortController()
  closeOnSignal({ close: async () => stopped.abort() }, (message) => console.log(message))
  await generateJobs({ url, address, everyMs: 3_000, signal: stopped.signal, log: console.log })
}

async function migrate(args: string[]): Promise<void> {
  options(args, {})
  const { databaseUrl, dataDir } = configure('api')
  // Opening takes it forward.
  const db =
    databaseUrl === undefined
      ? await (await import('./store/pglite.ts')).openPglite(dataDir)
      : await (await import('./store/postgres.ts')).openPostgres(databaseUrl)
  await db.close()
  console.log('the database is up to date')
}

async function reset(args: string[]): Promise<void> {
  const { yes } = options(args, { yes: { type: 'boolean', short: 'y' } })
  const config = configure('api')
  if (!yes && !(await confirm(`Forget everything indexed in ${databaseName(config)}?`)))
    throw new DatabaseError('nothing was changed')
  await (await import('./store/reset.ts')).resetDatabase(config)
  console.log('done: the next start indexes anew')
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

/** SIGINT, SIGTERM and uncaught faults close what runs; a second signal ends the process at once. */
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
  process.exit(error instanceof UsageError || error instanceof ConfigError ? MISUSED : FAILED)
})

/** What somebody has to mend is said in one line; a stack is for a fault of ours. */
function complain(error: NodeJS.ErrnoException & { port?: number }): void {
  console.error(redact(isOurs(error) ? explain(error) : inspect(error)))
}

function isOurs(error: unknown): error is Error {
  const own = [UsageError, ConfigError, DatabaseError].some((known) => error instanceof known)
  // Of the listener, of a folder, or of the connection to the database.
  return own || isConnectionFault(error)
}

function explain(error: NodeJS.ErrnoException & { port?: number }): string {
  if (error.code === 'EADDRINUSE')
    return `Port ${error.port} is taken. Stop what listens there, or set PORT to another one (0 takes a free one).`
  const ofDatabase = isConnectionFault(error) && error.syscall !== 'listen' && error.path === undefined
  return ofDatabase ? `The database does not answer: ${messageOf(error)}` : error.message
}
