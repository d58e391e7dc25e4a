import type { AbiEvent, AbiParameter } from 'viem'
import { address, amount, bytes32, choice, type Kind, text, time, uint } from './kinds.ts'

/** What a definition means where it says nothing: the naming habits of job contracts. */

/** `TaskPosted` is about a Task: its id is a `taskId`, its statuses are events named Task…. */
export function nounOf(created: string): string {
  return /^[A-Z]?[a-z0-9]+/.exec(created)?.[0] ?? created
}

/** The parameter that holds the job's id: `jobId`, `id`, or the noun's; undefined if the event has none of them. */
export function idOf(event: AbiEvent, noun: string): string | undefined {
  const wanted = ['jobid', 'id', `${noun.toLowerCase()}id`]
  return wanted
    .map((name) => event.inputs.find((input) => plain(input.name).toLowerCase() === name)?.name)
    .find((name) => name !== undefined)
}

/** A parameter's name as a field's: Solidity parameters often begin with an underscore. */
export function plain(name: string | undefined): string {
  return (name ?? '').replace(/^_+|_+$/g, '')
}

/** Editing a job is no stage of its life. */
const EDITS = ['CREATED', 'UPDATED', 'EDITED', 'CHANGED', 'MODIFIED']

/** The status a job has after an event, by its name: noun and past participle, as in `JobFunded`. */
export function statusOf(event: string, noun: string): string | undefined {
  const rest = event.startsWith(noun) ? event.slice(noun.length) : ''
  const status = /^[A-Z][a-z]+(ed|id|ten|wn)$/.test(rest) ? rest.toUpperCase() : undefined
  return status && !EDITS.includes(status) ? status : undefined
}

/** Events that tell of a payment carry amounts that are not the job's budget. */
export function isPayment(event: string): boolean {
  return /(Paid|Payment|Payout|Released|Refund|Fee|Withdraw|Deposit|Transfer)/.test(event)
}

/** The field that `BudgetSet(jobId, x)`, `BudgetChanged` or `JobBudgetUpdated` is about. */
export function fieldOfSetter(event: string, noun: string, fields: string[]): string | undefined {
  const subject = /^(.+)(Set|Changed|Updated)$/.exec(event)?.[1]?.replace(new RegExp(`^${noun}(?=[A-Z])`), '')
  if (!subject) return undefined
  const name = subject.charAt(0).toLowerCase() + subject.slice(1)
  return [name, `${name}Id`].find((each) => fields.includes(each))
}

/** The kind of a field that is made from a parameter alone. */
export function kindOf(parameter: AbiParameter & { indexed?: boolean | undefined }): Kind {
  const { type } = parameter
  const name = plain(parameter.name)
  if (isHashed(parameter)) return bytes32()
  if (type === 'address') return address({ role: !/token|hook|contract|currency|asset/i.test(name) })
  if (type === 'bool') return choice([false, true])
  if (/^bytes\d+$/.test(type)) return bytes32()
  if (/^u?int\d*$/.test(type)) {
    if (/deadline|expir|until|timestamp|At$/i.test(name)) return time()
    if (type.startsWith('u') && /budget|reward|amount|price|payment|bounty|stake/i.test(name))
      return amount(0)
    return uint()
  }
  return text()
}

/** An indexed parameter of a dynamic type is in the log as its keccak256 hash only (Solidity ABI specification, "Events"). */
export function isHashed({ type, indexed }: AbiParameter & { indexed?: boolean | undefined }): boolean {
  return indexed === true && !isWord(type)
}

/** Whether a type is one 32-byte word. */
export function isWord(type: string): boolean {
  return /^(u?int\d*|address|bool|bytes\d+)$/.test(type)
}

/** The order in which a job's life shows its statuses; those unknown here come last. */
const LIFE = [
  ...[
    'OPEN',
    'ASSIGNED',
    'CLAIMED',
    'ACCEPTED',
    'FUNDED',
    'STARTED',
    'SUBMITTED',
    'DELIVERED',
    'COMPLETED',
    'APPROVED',
  ],
  ...[
    'PAID',
    'REJECTED',
    'CANCELLED',
    'CANCELED',
    'EXPIRED',
    'REFUNDED',
    'DISPUTED',
    'ARBITRATED',
    'RESOLVED',
  ],
  'CLOSED',
]

/** Statuses in the order of a job's life. */
export function inOrderOfLife(statuses: Iterable<string>): string[] {
  const place = (status: string) => (LIFE.includes(status) ? LIFE.indexOf(status) : LIFE.length)
  return [...new Set(statuses)].sort((a, b) => place(a) - place(b))
}
