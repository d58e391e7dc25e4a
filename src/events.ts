import { type Static, Type } from 'typebox'

/** Fields of `connected`, `ping` and the statistics that show how fresh the server's data is. */
export const freshness = {
  timestamp: Type.String({
    format: 'date-time',
    description: 'server time, ISO 8601 UTC',
    examples: ['2026-01-01T00:00:00.000Z'],
  }),
  blockNumber: Type.String({
    pattern: '^[0-9]{1,78}$',
    description: 'the block indexed last',
    examples: ['123456'],
  }),
  finalizedBlockNumber: Type.String({
    pattern: '^[0-9]{1,78}$',
    description: 'no reorg can touch this block or any before it',
    examples: ['123392'],
  }),
}

/** The first frame of every stream that the server accepts. */
export const Connected = Type.Object(
  {
    type: Type.Literal('connected'),
    ...freshness,
    resumed: Type.Union([Type.Null(), Type.Boolean()], {
      description:
        'null: a new subscription. true: everything after the Last-Event-ID follows. false: there is a gap, read /api/v1/jobs',
    }),
  },
  { $id: 'Connected', title: 'Connected', additionalProperties: false },
)
export type Connected = Static<typeof Connected>

/**
 * Sent after `KEEPALIVE_SECONDS` of silence, and once a resumed stream has sent all missed events. It shows
 * that the connection is alive, and which block was indexed last.
 */
export const Ping = Type.Object(freshness, { $id: 'Ping', title: 'Ping', additionalProperties: false })
export type Ping = Static<typeof Ping>

/** The only frame of a stream that the server refuses for now. The client reconnects after `retryAfter`. */
export const Unavailable = Type.Object(
  {
    reason: Type.Union([Type.Literal('full'), Type.Literal('draining')], {
      description:
        'full: too many streams are open, or the database is unreachable. draining: the server is shutting down',
    }),
    retryAfter: Type.Integer({ minimum: 0, description: 'seconds to wait before reconnecting' }),
  },
  { $id: 'Unavailable', title: 'Unavailable', additionalProperties: false },
)
export type Unavailable = Static<typeof Unavailable>

/** Each event of the stream: the name of its data's schema, and when it is sent. */
export const events = {
  connected: { data: 'Connected', when: 'the first frame of every stream that the server accepts' },
  job_created: { data: 'Job', when: 'a log that creates a job was indexed and committed' },
  job_updated: {
    data: 'Job',
    when: 'a later log changed the job, or a reorg removed such a log: the job as it is now',
  },
  job_removed: { data: 'Job', when: 'a reorg removed the creating log: the job as it was' },
  unavailable: { data: 'Unavailable', when: 'the server cannot hold this stream now; the response ends' },
  ping: {
    data: 'Ping',
    when: 'the stream was silent for the keepalive time, or a resumed stream has sent all missed events',
  },
}
