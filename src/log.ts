import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

/** One line an event: readable on a terminal, JSON in a pipe. */
export function createLog(level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (!process.stdout.isTTY) return pino({ ...options, formatters: { level: (label) => ({ level: label }) } })
  return pino(
    options,
    pretty({
      translateTime: 'SYS:HH:MM:ss',
      ignore: 'room,reqId',
      hideObject: level !== 'debug' && level !== 'trace',
    }),
  )
}
