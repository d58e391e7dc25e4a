import { Type } from 'typebox'
import type { Contract } from '../../contract/define.ts'
import { events } from '../../events.ts'
import { encodeFrame } from '../../feed/frames.ts'
import { errorResponses } from '../errors.ts'
import { exampleJob } from '../jobSchema.ts'

export const STREAM_ROUTE = '/api/v1/events'

function eventSchema([type, { data, when }]: [string, { data: string; when: string }]) {
  return {
    type: 'object',
    description: when,
    required: ['event', 'data'],
    properties: {
      event: { const: type },
      data: {
        type: 'string',
        contentMediaType: 'application/json',
        contentSchema: { $ref: `#/components/schemas/${data}` },
      },
      ...(type !== 'unavailable' && {
        id: {
          type: 'string',
          pattern: '^[0-9]+$',
          description: 'position in the feed; it never decreases within a stream',
        },
      }),
      ...(['connected', 'unavailable'].includes(type) && {
        retry: { type: 'integer', description: 'milliseconds to wait before reconnecting' },
      }),
    },
  }
}

const eventsSchema = {
  type: 'string',
  contentMediaType: 'text/event-stream',
  contentSchema: { type: 'array', items: { oneOf: Object.entries(events).map(eventSchema) } },
}

const exampleStream = (contract: Contract) =>
  encodeFrame({
    retry: 3_000,
    id: 1780000000000041,
    event: 'connected',
    data: '{"type":"connected","timestamp":"2026-01-01T00:00:00.000Z","blockNumber":"123455","finalizedBlockNumber":"123391","resumed":null}',
  }) +
  encodeFrame({
    id: 1780000000000042,
    event: 'job_created',
    data: JSON.stringify(exampleJob(contract)),
  })

const lastEventIdHeader = Type.Object({
  'Last-Event-ID': Type.Optional(
    Type.String({
      description: 'id of the last event received; an id that is not of this feed is a gap, not an error',
    }),
  ),
})

/** Returns the route of the stream in the OpenAPI document, without its query. */
export const streamDescription = (contract: Contract) => ({
  operationId: 'streamEvents',
  summary: 'The stream of jobs, as Server-Sent Events',
  description: [
    'A new subscription gets no past events, only those committed after it connected. A client that reconnects with Last-Event-ID',
    'resumes: it gets every event after that id, once and in order, then live events. `connected.resumed` tells whether this was',
    'possible. A client that reads nothing is disconnected, and can resume. If the server cannot hold the stream now, a client that',
    'accepts text/event-stream gets 200 with one `unavailable` event, because EventSource never reconnects after a 503.',
  ].join(' '),
  tags: ['jobs'],
  headers: lastEventIdHeader,
  response: {
    ...errorResponses(),
    200: {
      description:
        'the stream; it ends when the client disconnects, when it reads nothing for some time or falls behind the retention of the feed, when the database was rebuilt or restored, or when the server shuts down',
      content: { 'text/event-stream': { schema: eventsSchema, example: exampleStream(contract) } },
    },
  },
})
