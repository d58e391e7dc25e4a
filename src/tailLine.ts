import { styleText } from 'node:util'
import { budgetUnits, createdAt, deadline } from './client/values.ts'
import type { Job } from './job.ts'

const STRATEGY_COLOURS = {
  PROGRAM: 'cyan',
  RUBRIC: 'magenta',
  HYBRID: 'yellow',
  CEX_CAPITAL: 'blue',
} as const

/** One change as a line for a person: `+` a job, `-` one that a reorg took back. */
export function tailLine(type: 'job_created' | 'job_removed', job: Job, colour: boolean): string {
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text
  const gone = type === 'job_removed'
  const strategy = STRATEGY_COLOURS[job.strategyType as keyof typeof STRATEGY_COLOURS] ?? 'white'
  const fields = [
    style('dim', localTime(createdAt(job))),
    gone ? style('red', '-') : style('green', '+'),
    style('bold', `#${printable(job.jobId)}`),
    style(strategy, printable(job.strategyType).padEnd(11)),
    `L${job.verificationLevel - 1}`,
    style('bold', `${usdc(job)} USDC`),
    `client ${printable(job.clientId)}`,
    due(job),
    style('dim', `block ${printable(job.blockNumber)} ${printable(job.creationTxHash)}`),
  ]
  return gone ? `${fields.join('  ')}  ${style('red', 'removed by a reorg')}` : fields.join('  ')
}

/** Amounts to the cent where there are only cents, else in full; thousands apart. */
function usdc(job: Job): string {
  const units = budgetUnits(job)
  const whole = (units / 1_000_000n).toLocaleString('en-US')
  const fraction = (units % 1_000_000n).toString().padStart(6, '0')
  return `${whole}.${fraction.replace(/0{1,4}$/, '')}`
}

function due(job: Job): string {
  const date = deadline(job)
  return date === null ? 'no deadline' : `due ${localTime(date)}`
}

/** `2026-01-31 13:45:00`, here. The Swedish locale is the one that writes dates so. */
function localTime(date: Date): string {
  return Number.isNaN(date.getTime()) ? '-' : date.toLocaleString('sv-SE')
}

/** What a server sends reaches the terminal as text only, never as a control sequence. */
function printable(text: string): string {
  return String(text).replace(/\p{Cc}/gu, '')
}
