/** The naming conventions of job contracts. They supply what a definition leaves out. */
import { type Input, plainName, wordType } from './inputs.ts'
import type { Kind } from './kind.ts'
import { address, amount, bytes32, choice, text, time, uint } from './kinds.ts'

/**
 * Returns the contract's word for a job: `Task` if the creating event is TaskPosted or NewTask. Ids are then
 * called taskId, and events Task….
 */
export function nounOf(created: string): string {
  return /^(?:New(?=[A-Z]))?([A-Z]?[a-z0-9]+)/.exec(created)?.[1] ?? created
}

/** Participles that do not name a status. */
const EDITS = ['CREATED', 'UPDATED', 'EDITED', 'CHANGED', 'MODIFIED']

/**
 * Returns the status that an event sets by its name: the noun and a past participle, as in `JobFunded`.
 * Undefined for any other name.
 */
export function defaultStatus(event: string, noun: string): string | undefined {
  const rest = event.startsWith(noun) ? event.slice(noun.length) : ''
  const status = rest.toUpperCase()
  return /^[A-Z][a-z]+(ed|id|ten|wn)$/.test(rest) && !EDITS.includes(status) ? status : undefined
}

/**
 * Returns whether an event reports a payment. Its parameters are about the payment, so they set no field by
 * their names.
 */
export function isPayment(event: string): boolean {
  return /(Paid|Payment|Payout|Released|Refund|Fee(?!d)|Withdraw|Deposit|Transfer)/.test(event)
}

/**
 * Returns the field that an event such as `BudgetSet(jobId, x)`, `JobBudgetUpdated(jobId, x)` or
 * `BudgetChanged(jobId, oldBudget, newBudget)` sets; undefined for any other event.
 */
export function fieldOfSetter(event: string, noun: string, fields: string[]): string | undefined {
  const subject = /^(.+)(Set|Changed|Updated)$/.exec(event)?.[1]?.replace(new RegExp(`^${noun}(?=[A-Z])`), '')
  if (!subject) return undefined
  const name = subject.charAt(0).toLowerCase() + subject.slice(1)
  return [name, `${name}Id`].find((each) => fields.includes(each))
}

/** Returns the kind of a parameter, by its type and name. */
export function defaultKind(input: Input): Kind {
  const type = wordType(input)
  const name = plainName(input)
  if (type === 'address') return address({ role: !/token|hook|contract|currency|asset/i.test(name) })
  if (type === 'bool') return choice([false, true])
  if (/^bytes\d+$/.test(type)) return bytes32()
  if (/^u?int\d*$/.test(type)) {
    if (/deadline|expir|until|timestamp/i.test(name) || /At$/.test(name)) return time()
    if (type.startsWith('u') && /budget|reward|amount|price|payment|bounty|stake/i.test(name))
      return amount(0)
    return uint()
  }
  return text()
}

/** Common statuses in the order of a job's life. */
const LIFE = (
  'OPEN ASSIGNED CLAIMED ACCEPTED FUNDED STARTED SUBMITTED DELIVERED COMPLETED APPROVED ' +
  'PAID REJECTED CANCELLED CANCELED EXPIRED REFUNDED DISPUTED ARBITRATED RESOLVED CLOSED'
).split(' ')

/** Removes duplicates and sorts statuses by a job's life. Uncommon ones come last. */
export function inOrderOfLife(statuses: string[]): string[] {
  const place = (status: string) => (LIFE.includes(status) ? LIFE.indexOf(status) : LIFE.length)
  return [...new Set(statuses)].sort((a, b) => place(a) - place(b))
}
