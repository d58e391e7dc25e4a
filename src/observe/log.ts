import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'
import type { Config } from '../config.ts'
import { redactor, secretsOf } from './secrets.ts'

/** Creates the log: one line an entry, as text on a terminal and as JSON elsewhere. The redactor removes secrets from each. */
export function createLog(config: Pick<Config, 'logLevel' | 'rpcUrls' | 'databaseUrl' | 'apiKeys'>): Logger {
  const options = {
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // Here the line is complete, whatever logged it.
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
