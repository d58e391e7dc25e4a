import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'
import type { Config } from '../config.ts'
import { redactor, secretsOf } from './secrets.ts'

/**
 * Creates the log: one line per entry, as text on a terminal and as JSON elsewhere. Secrets are redacted in
 * each line.
 */
export function createLog(config: Pick<Config, 'logLevel' | 'rpcUrls' | 'databaseUrl' | 'apiKeys'>): Logger {
  const options = {
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // This hook gets the complete line, so no part of an entry escapes the redactor.
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
