import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'
import type { Config } from './config.ts'
import { redactor, secretsOf } from './secrets.ts'

/** One line an event: readable on a terminal, JSON in a pipe. Whatever a line tells, no secret of the configuration is in it. */
export function createLog(config: Pick<Config, 'logLevel' | 'rpcUrls' | 'databaseUrl' | 'apiKeys'>): Logger {
  const options = {
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: redactor(secretsOf(config)) },
  }
  if (!process.stdout.isTTY) return pino({ ...options, formatters: { level: (label) => ({ level: label }) } })
  return pino(
    options,
    pretty({
      translateTime: 'SYS:HH:MM:ss',
      ignore: 'room,reqId',
      hideObject: config.logLevel !== 'debug' && config.logLevel !== 'trace',
    }),
  )
}
