import { styleText } from 'node:util'
import type { JobBase } from '../../client/src/job.ts'
import type { JobEvent } from '../../client/src/track.ts'
import { createdAt } from '../../client/src/values.ts'

/** Fields that a line does not show by name. All others come from the contract's definition. */
const BASE_FIELDS = ['jobId', 'status', 'onchainCreatedAt', 'creationTxHash', 'blockNumber']
const LONGEST_VALUE = 40

const SIGNS = {
  job_created: { sign: '+', format: 'green' },
  job_updated: { sign: '~', format: 'yellow' },
  job_removed: { sign: '-', format: 'red' },
} as const

/**
 * Formats a job event as a line for a person: time, sign, id, status, the definition's fields that are not
 * null, and the block and the transaction of the creation. A creation is shown with the time of its block, a
 * change or a removal with the current time.
 * @param before the job before a change, if known: the line shows its status, and highlights the fields
 * that differ
 */
export function tailLine(event: JobEvent<JobBase>, before: JobBase | undefined, colour: boolean): string {
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text
  const { type, data: job } = event
  const { sign, format } = SIGNS[type]
  const earlier = new Map(before && Object.entries(before))
  const isChanged = (name: string, value: unknown) => before !== undefined && earlier.get(name) !== value
  const fields = Object.entries(job)
    .filter(([name, value]) => !BASE_FIELDS.includes(name) && value !== null)
    .map(([name, value]) => {
      const text = abbreviate(printable(value))
      return `${style('dim', printable(name))} ${isChanged(name, value) ? style('yellow', text) : text}`
    })
  const arrow = isChanged('status', job.status) ? `${printable(before?.status)} → ` : ''
  const note =
    type === 'job_removed'
      ? [style('red', 'removed by a reorg')]
      : type === 'job_updated' && event.left
        ? [style('yellow', 'no longer matches')]
        : []
  return [
    style('dim', localTime(type === 'job_created' ? createdAt(job) : new Date())),
    style(format, sign),
    style('bold', `#${abbreviate(printable(job.jobId))}`),
    `${arrow}${style('bold', printable(job.status))}`,
    ...fields,
    style('dim', `block ${printable(job.blockNumber)} ${abbreviate(printable(job.creationTxHash))}`),
    ...note,
  ].join('  ')
}

/** Returns a time as `2026-01-31 13:45:00` in local time. The Swedish locale has this format. */
function localTime(date: Date): string {
  return Number.isNaN(date.getTime()) ? '-' : date.toLocaleString('sv-SE')
}

/**
 * Shortens a text. Hashes and addresses keep both ends, which people compare. Any other text keeps
 * its beginning.
 */
function abbreviate(text: string): string {
  if (/^0x[0-9a-f]{16,}$/i.test(text)) return `${text.slice(0, 8)}…${text.slice(-6)}`
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text
}

/**
 * Removes control characters, also bidirectional ones, from a server's text, because a terminal would interpret
 * them.
 */
export function printable(value: unknown): string {
  return String(value).replace(/[\p{Cc}\p{Bidi_Control}]/gu, '')
}
