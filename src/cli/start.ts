import { ExpectedError } from '../errors.ts'
import { version } from '../version.ts'
import { closeOnSignal } from './closeOnSignal.ts'
import { type Command, parseCommand, wrongArgument } from './command.ts'
import { configure } from './configure.ts'
import { UsageError } from './errors.ts'

/** `jobcast start` */
export const startCommand: Command = {
  name: 'start',
  summary: 'index and serve (the default)',
  options: [
    ['--only indexer', 'index only; serve only /health, /ready and /metrics'],
    ['--only api', 'serve only; needs no RPC'],
  ],
  async run(args) {
    const { only } = parseCommand('start', { args, options: { only: { type: 'string' } } }).values
    if (only !== undefined && only !== 'indexer' && only !== 'api')
      throw wrongArgument('start', `--only takes indexer or api, not "${only}"`)
    const { config, warnings } = configure(only ?? 'all')
    if (only !== undefined && config.databaseUrl === undefined)
      throw new UsageError(
        `--only ${only} needs DATABASE_URL: only a Postgres can be shared by several processes`,
      )
    const { createLog } = await import('../observe/log.ts')
    const log = createLog(config)
    for (const warning of warnings) log.warn(warning)
    const { serve } = await import('./serve.ts')
    const app = await serve(config, log)
    log.info({ url: app.url, version, role: config.role }, `Jobcast ${version} listens on ${app.url}`)
    closeOnSignal(
      () => app.close(),
      (message) => log.info(message),
      (error) =>
        error instanceof ExpectedError
          ? log.fatal(error.message)
          : log.fatal({ err: error }, 'internal error'),
    )
  },
}
