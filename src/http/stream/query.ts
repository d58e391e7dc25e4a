import type { IncomingHttpHeaders } from 'node:http'
import { type Static, Type } from 'typebox'
import { type FilterRule, filterParameters, matches, parseFilter } from '../../contract/filters.ts'
import { BadRequestError } from '../../errors.ts'
import { events } from '../../events.ts'
import type { EventFilter } from '../../feed/batch.ts'
import { apiKeyParameter } from '../auth.ts'
import type { LastEventId } from './start.ts'

/** Maximum number of * in one pattern. No event name needs more. */
const MAX_STARS = 3

const eventTypes = Object.keys(events)

const typesOptions = {
  pattern: '^[a-z_*]{1,40}(,[a-z_*]{1,40}){0,19}$',
  description: `event names or patterns with *, comma-separated: ${eventTypes.join(', ')}, job_*, * (connected, unavailable and ping cannot be left out)`,
  examples: ['job_created'],
}
const eventId = (description: string) =>
  Type.Optional(Type.String({ pattern: '^[0-9]{1,16}$', description, examples: ['1780000000000000'] }))

/** The parameters that only a stream has. A 400 repeats their descriptions. */
const OwnParameters = Type.Object({
  types: Type.Optional(Type.String(typesOptions)),
  filter: Type.Optional(
    Type.String({ ...typesOptions, description: `an alias of types: ${typesOptions.description}` }),
  ),
  lastEventId: eventId(
    'id of an event, or lastEventId of /api/v1/jobs: the stream continues after it. The Last-Event-ID header wins',
  ),
  last_event_id: eventId('an alias of lastEventId: the id of an event'),
})

/** A validated query of a stream. The contract's filters are among its other keys. */
type StreamQuery = Static<typeof OwnParameters>

/**
 * Returns the query of a stream: the contract's filters, the parameters that only a stream has, and the key.
 */
export function streamParameters(rules: FilterRule[]) {
  return Type.Object(
    { ...filterParameters(rules), ...OwnParameters.properties, ...apiKeyParameter },
    { additionalProperties: false },
  )
}

/**
 * Reads which events a stream carries. A change passes if the job matches before or after it, so that a
 * subscriber learns that a job no longer matches.
 * @throws BadRequestError for bad values that the schema accepts
 */
export function parseStreamFilter(rules: FilterRule[], query: StreamQuery): EventFilter {
  const types = matchingTypes(eitherOf(query, 'types', 'filter') ?? { name: 'types', text: '*' })
  const filter = parseFilter(rules, query)
  const matchesJob = matches(filter)
  return {
    key: JSON.stringify([types, filter]),
    passes: ({ type, job, before }) =>
      types.includes(type) && (matchesJob(job) || (before !== null && matchesJob(before))),
  }
}

/** Returns the event types that one of the patterns matches, in the order of {@link eventTypes}. */
function matchingTypes({ name, text }: Given): string[] {
  const chosen = text.split(',').flatMap((pattern) => {
    if (pattern.split('*').length - 1 > MAX_STARS)
      throw new BadRequestError(`${name} takes patterns with at most ${MAX_STARS} *; "${pattern}" has more`)
    const regex = new RegExp(`^${pattern.replace(/\*+/g, '.*')}$`)
    const found = eventTypes.filter((type) => regex.test(type))
    if (found.length === 0)
      throw new BadRequestError(`${name} takes ${typesOptions.description}; "${pattern}" is none of them`)
    return found
  })
  return eventTypes.filter((type) => chosen.includes(type))
}

/**
 * Removes the id from the query if the header has one, since the header wins. It runs before the validation,
 * so a bad id in the query is then no error.
 */
export function preferHeaderId(headers: IncomingHttpHeaders, query: StreamQuery): void {
  if (!headers['last-event-id']) return
  delete query.lastEventId
  delete query.last_event_id
}

/**
 * Reads the id after which a client continues. The header wins. A malformed header is a gap and not an error,
 * because a browser cannot fix it.
 * @throws BadRequestError if the id of the query is invalid, or is given under both names
 */
export function parseLastEventId(header: string | undefined, query: StreamQuery): LastEventId {
  if (header) return toEventId(header) ?? 'malformed'
  const given = eitherOf(query, 'lastEventId', 'last_event_id')
  if (!given) return 'none'
  const id = toEventId(given.text)
  if (id === undefined)
    throw new BadRequestError(`${given.name} takes the id of an event, or lastEventId of /api/v1/jobs`)
  return id
}

function toEventId(text: string): number | undefined {
  const id = Number(text)
  return /^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(id) ? id : undefined
}

/** A parameter of the query under the name that the client used. */
interface Given {
  name: string
  text: string
}

/**
 * Returns a parameter or its alias; undefined if neither is given.
 * @throws BadRequestError if both are given
 */
function eitherOf(query: StreamQuery, name: keyof StreamQuery, alias: keyof StreamQuery): Given | undefined {
  const [given, other] = [name, alias].flatMap((each) => {
    const text = query[each]
    return text === undefined ? [] : [{ name: each, text }]
  })
  if (other) throw new BadRequestError(`${name} and ${alias} are the same parameter: give one of them`)
  return given
}
