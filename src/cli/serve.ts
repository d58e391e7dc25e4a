import type { Logger } from 'pino'
import { type App, createApp } from '../app.ts'
import { type Config, ConfigError } from '../config.ts'
import { FailedError } from './errors.ts'

/**
 * Starts Jobcast and resolves when it listens.
 * @throws ConfigError if HOST or PORT cannot be listened on, FailedError if another program listens there, and what
 * `createApp` throws
 */
export function serve(config: Readonly<Config>, log: Logger): Promise<App> {
  return createApp(config, log).catch((error: NodeJS.ErrnoException) => {
    throw listenError(error, config) ?? error
  })
}

function listenError({ code, syscall, message }: NodeJS.ErrnoException, { host, port }: Readonly<Config>) {
  if (code === 'EADDRINUSE')
    return new FailedError(
      `Port ${port} is taken. Stop the program that listens there, or set PORT to another port (0 takes a free one).`,
    )
  if (syscall === 'getaddrinfo') return new ConfigError(`HOST is "${host}", which does not resolve.`)
  if (code === 'EADDRNOTAVAIL')
    return new ConfigError(`HOST is "${host}", which is not an address of this machine.`)
  if (syscall === 'listen') return new ConfigError(`HOST is "${host}" and PORT is "${port}": ${message}`)
  return undefined
}
