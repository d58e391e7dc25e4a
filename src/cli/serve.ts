import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Logger } from 'pino'
import { type App, createApp } from '../app.ts'
import { type Config, ConfigError } from '../config.ts'
import { PortTakenError } from '../errors.ts'

const SET_HOST = 'Set HOST to an address of this machine, or leave it unset to listen on all.'

/**
 * Starts Jobcast and resolves when it listens.
 * @throws ConfigError if HOST or PORT cannot be listened on, PortTakenError if another program listens there,
 * and what `createApp` throws
 */
export async function serve(config: Config, log: Logger): Promise<App> {
  try {
    await tryToListen(config)
    return await createApp(config, log)
  } catch (error) {
    throw listenError(error, config) ?? error
  }
}

/**
 * Listens briefly, so that a taken port is reported before the app creates a database or acquires the lease of
 * the indexer.
 */
async function tryToListen({ host, port }: Config): Promise<void> {
  const server = createServer().listen({ host, port })
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

function listenError(error: unknown, { host, port }: Config) {
  const { code, syscall, message }: Partial<NodeJS.ErrnoException> = Object(error)
  if (code === 'EADDRINUSE')
    return new PortTakenError(
      `Port ${port} is taken. Stop the program that listens there, or set PORT to another port (0 takes a free one).`,
    )
  if (syscall === 'getaddrinfo')
    return new ConfigError(`HOST is "${host}", which does not resolve. ${SET_HOST}`)
  if (code === 'EADDRNOTAVAIL')
    return new ConfigError(`HOST is "${host}", which is not an address of this machine. ${SET_HOST}`)
  if (syscall === 'listen')
    return new ConfigError(
      `HOST is "${host}" and PORT is "${port}": ${message}. Set PORT to one on which this user may listen.`,
    )
  return undefined
}
