import type { AbiEvent } from 'viem'
import { DefinitionError, quote } from './errors.ts'
import type { Field } from './job.ts'

/** The effect of an event on a job, if it differs from what the event's name says. */
export interface EventRule {
  /**
   * status of the job after the event; null leaves it as it is. By default from the name: `JobFunded`
   * sets FUNDED
   */
  status?: string | null
  /**
   * fields that the event sets, each with the parameter that holds its value. A parameter that has the name
   * of a field needs no entry here
   */
  set?: Record<string, string>
}

const STATUS = /^[A-Z][A-Z0-9_]{0,39}$/

export type EventRules = Record<string, EventRule | 'ignore'>

/**
 * @param fields those that a log can set
 * @throws DefinitionError for a rule that cannot work
 */
export function assertRules(rules: EventRules, events: AbiEvent[], created: string, fields: Field[]): void {
  for (const [name, rule] of Object.entries(rules)) {
    const where = `events.${name}`
    const forms = events.filter((event) => event.name === name)
    if (forms.length === 0)
      throw new DefinitionError(`${where}: the ABI has no such event; write one of ${namesOf(events)}`)
    if (name === created && (rule === 'ignore' || rule?.status !== undefined))
      throw new DefinitionError(
        `${where}: the event creates jobs, which are then OPEN; write { set } or no rule`,
      )
    if (rule === 'ignore') continue
    if (
      typeof rule !== 'object' ||
      rule === null ||
      Object.keys(rule).some((part) => !['status', 'set'].includes(part))
    )
      throw new DefinitionError(`${where}: ${quote(rule)} is not a rule; write { status, set } or 'ignore'`)
    const { status, set = {} } = rule
    if (status !== undefined && status !== null && !(typeof status === 'string' && STATUS.test(status)))
      throw new DefinitionError(
        `${where}.status: ${quote(status)} is not a status; write at most 40 capitals, digits and _, such as 'IN_REVIEW'`,
      )
    if (typeof set !== 'object' || set === null)
      throw new DefinitionError(`${where}.set: ${quote(set)} is not an object; write { field: 'parameter' }`)
    assertSet(`${where}.set`, set, forms, fields)
  }
}

function assertSet(where: string, set: Record<string, string>, forms: AbiEvent[], fields: Field[]): void {
  for (const [field, parameter] of Object.entries(set)) {
    if (!fields.some(({ name }) => name === field))
      throw new DefinitionError(
        `${where}.${field}: ${field} is not a field that a log sets; write one of ${fields.map(({ name }) => name).join(', ')}`,
      )
    const parameters = forms.flatMap(({ inputs }) => inputs.map(({ name = '' }) => name))
    if (!parameters.includes(parameter))
      throw new DefinitionError(
        `${where}.${field}: ${forms[0]?.name} has no parameter ${parameter}; write one of ${[...new Set(parameters)].join(', ')}`,
      )
  }
}

/** Returns the names of events, for a message. */
export function namesOf(events: AbiEvent[]): string {
  return [...new Set(events.map(({ name }) => name))].join(', ')
}
