import { Type } from 'typebox'
import { type FilterRule, filterParameters, matches, parseFilter } from '../../contract/filters.ts'
import { BadRequestError } from '../../errors.ts'
import { eventTypes } from '../../events.ts'
import type { EventFilter } from '../../feed/batch.ts'
import { apiKeyParameter } from '../errors.ts'

const typesText = {
  pattern: '^[a-z_*]{1,40}(,[a-z_*]{1,40}){0,19}$',
  description: `event names or patterns with *, comma-separated: ${eventTypes.join(', ')}, job_*, *`,
  examples: ['job_created'],
}
const idText = (description: string) =>
  Type.Optional(Type.String({ pattern: '^[0-9]{1,16}$', description, examples: ['1780000000000000'] }))

/** The query of a stream: the contract's filters, and what only a stream has. */
export function streamParameters(rules: FilterRule[]) {
  return Type.Object(
    {
      ...filterParameters(rules),
      types: Type.Optional(Type.String(typesText)),
      filter: Type.Optional(
        Type.String({ ...typesText, description: `an alias of types: ${typesText.description}` }),
      ),
      lastEventId: idText(
        'id of an event, or lastEventId of /api/v1/jobs: the stream continues after it. The Last-Event-ID header wins',
      ),
      last_event_id: idText('an alias of lastEventId: the id of an event'),
      ...apiKeyParameter,
    },
    { additionalProperties: false },
  )
}

/** A validated query of a stream; the contract's filters are among its other keys. */
export interface StreamQuery {
  types?: string
  filter?: string
  lastEventId?: string
  last_event_id?: string
}

/**
 * What a stream carries.
 * @throws BadRequestError
 */
export function readWanted(rules: FilterRule[], query: StreamQuery): EventFilter {
  if (query.types !== undefined && query.filter !== undefined)
    throw new BadRequestError('types and filter are the same parameter: give one of them')
  const filter = parseFilter(rules, { ...query })
  const types = readTypes(query.types ?? query.filter)
  const matchesJob = matches(filter)
  return {
    key: JSON.stringify([types, filter]),
    // A job that left the filter is told too: its subscriber must not keep it.
    passes: ({ type, job, before }) =>
      types.includes(type) && (matchesJob(job) || (before !== null && matchesJob(before))),
  }
}

function readTypes(text = '*'): string[] {
  const chosen = new Set<string>()
  for (const pattern of text.split(',')) {
    // More stars are no use on such short names, and would make matching slow.
    if (pattern.split('*').length > 4) throw new BadRequestError(`types: too many * in "${pattern}"`)
    const regex = new RegExp(`^${pattern.replace(/\*+/g, '.*')}$`)
    const found = eventTypes.filter((type) => regex.test(type))
    if (found.length === 0)
      throw new BadRequestError(`types takes ${typesText.description}; "${pattern}" is none of them`)
    for (const type of found) chosen.add(type)
  }
  return eventTypes.filter((type) => chosen.has(type))
}

/**
 * The id a client continues behind. The header wins; a browser cannot mend a malformed one, so that is a gap and no error.
 * @throws BadRequestError for a query that names no id
 */
export function readLastEventId(
  header: string | string[] | undefined,
  query: StreamQuery,
): number | 'none' | 'malformed' {
  if (header !== undefined && header !== '') {
    const id = String(header)
    return /^[0-9]{1,16}$/.test(id) && Number.isSafeInteger(Number(id)) ? Number(id) : 'malformed'
  }
  if (query.lastEventId !== undefined && query.last_event_id !== undefined)
    throw new BadRequestError('lastEventId and last_event_id are the same parameter: give one of them')
  const id = query.lastEventId ?? query.last_event_id
  if (id === undefined) return 'none'
  if (!Number.isSafeInteger(Number(id)))
    throw new BadRequestError('lastEventId takes the id of an event, or lastEventId of /api/v1/jobs')
  return Number(id)
}
