import { type Static, Type } from 'typebox'
import type { Job } from './contract/job.ts'

const timestamp = Type.String({
  format: 'date-time',
  description: 'server time, ISO 8601 UTC',
  examples: ['2026-01-01T00:00:00.000Z'],
})
const head = Type.String({
  pattern: '^[0-9]{1,78}$',
  description: "the indexer's head block",
  examples: ['123456'],
})

const finalized = Type.String({
  pattern: '^[0-9]{1,78}$',
  description: 'no reorg can touch this block or any before it',
  examples: ['123392'],
})

/** The first frame of every stream. */
export const Connected = Type.Object(
  {
    type: Type.Literal('connected'),
    timestamp,
    blockNumber: head,
    finalizedBlockNumber: finalized,
    resumed: Type.Union([Type.Null(), Type.Boolean()], {
      description:
        'null: a new subscription. true: everything after the Last-Event-ID follows. false: there is a gap, read /api/v1/jobs',
    }),
  },
  { $id: 'Connected', title: 'Connected', additionalProperties: false },
)
export type Connected = Static<typeof Connected>

/** Sent in silence: the connection lives, and how far the indexer is. */
export const Ping = Type.Object(
  { timestamp, blockNumber: head, finalizedBlockNumber: finalized },
  { $id: 'Ping', title: 'Ping', additionalProperties: false },
)
export type Ping = Static<typeof Ping>

/** The only frame of a stream that the server cannot hold now. */
export const Unavailable = Type.Object(
  {
    reason: Type.Union([Type.Literal('full'), Type.Literal('draining')]),
    retryAfter: Type.Integer({ minimum: 0, description: 'seconds' }),
  },
  { $id: 'Unavailable', title: 'Unavailable', additionalProperties: false },
)
export type Unavailable = Static<typeof Unavailable>

/** The events of a stream. */
export const eventTypes = [
  'connected',
  'job_created',
  'job_updated',
  'job_removed',
  'unavailable',
  'ping',
] as const
export type EventType = (typeof eventTypes)[number]

/** What each event of the stream carries. */
export interface EventData extends Record<EventType, unknown> {
  connected: Connected
  job_created: Job
  job_updated: Job
  job_removed: Job
  unavailable: Unavailable
  ping: Ping
}
