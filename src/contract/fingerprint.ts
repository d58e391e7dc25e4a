import { createHash } from 'node:crypto'
import type { EventForm } from './forms.ts'
import type { Field } from './job.ts'

/**
 * Returns a hash of everything in a definition that decides what is stored, followed by the name of the field
 * that is added up. A database refuses any other fingerprint. If this function hashed other parts, or in
 * another order, no existing database would open.
 * @param keys names of the fields whose values the store keeps beside each job, in this order
 * @param sum the field whose amounts the store adds up
 */
export function fingerprintOf(
  fields: Field[],
  forms: EventForm[],
  keys: string[],
  sum: Field | undefined,
): string {
  const stored = [fields.map(storedField), forms.map(storedForm), keys]
  const hash = createHash('sha256').update(JSON.stringify(stored)).digest('hex')
  return `${hash} ${sum?.name ?? '-'}`
}

function storedField({ name, kind, decimals, values, initial, nullable }: Field) {
  return [name, kind, decimals, values, initial, nullable]
}

function storedForm({ event, topic, creates, id, status, sources }: EventForm) {
  const layout = event.inputs.map(({ indexed }) => indexed)
  return [
    topic,
    layout,
    creates,
    id.name,
    status,
    sources.map(({ field, input }) => [field.name, input.name]),
  ]
}
