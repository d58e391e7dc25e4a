import { loadConfig } from '../config.ts'
import { closeOnSignal } from './closeOnSignal.ts'
import { type Command, parseCommand } from './command.ts'
import { contractOption, readDevContract } from './devContract.ts'

/** `jobcast devnet` */
export const devnetCommand: Command = {
  name: 'devnet',
  summary: 'run a local chain with a simulated market, and Jobcast on it; needs no settings',
  options: [contractOption],
  async run(args, env) {
    const { contract } = parseCommand('devnet', { args, options: { contract: { type: 'string' } } }).values
    const devContract = await readDevContract('devnet', contract)
    // Other settings of the user are ignored, because a devnet has its own chain and its own database.
    const LOG_LEVEL = env.LOG_LEVEL || 'warn'
    const { port } = loadConfig({ LOG_LEVEL, PORT: env.PORT ?? '' }, 'api')
    const [{ startDevnet }, { serve }, { createLog }] = await Promise.all([
      import('../devnet/devnet.ts'),
      import('./serve.ts'),
      import('../observe/log.ts'),
    ])
    const devnet = await startDevnet({
      contract: devContract,
      port,
      start(settings) {
        const config = loadConfig({ ...settings, LOG_LEVEL, POLL_INTERVAL_MS: '250' })
        return serve(config, createLog(config))
      },
    })
    closeOnSignal(devnet.close, console.log)
  },
}
