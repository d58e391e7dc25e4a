import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'
import type { Config } from '../config.ts'
import { redactor, secretsOf } from './secrets.ts'

/** Creates the log: one line for each event, as JSON in a pipe and as text on a terminal. Every line passes the redactor. */
export function createLog(config: Pick<Config, 'logLevel' | 'rpcUrls' | 'databaseUrl' | 'apiKeys'>): Logger {
  const options = {
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // The whole line, when it is written: nothing enters the log another way.
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
