import type { Job, JobBase } from './job.ts'

/** The first event of each connection. */
export interface Connected {
  type: 'connected'
  /** server time, ISO 8601 UTC */
  timestamp: string
  /** the indexer's head block */
  blockNumber: string
  /** no reorg can touch this block or any before it */
  finalizedBlockNumber: string
  /** null: a new subscription. true: everything after the last event id follows. false: there is a gap. */
  resumed: boolean | null
}

/** Sent when the stream has been silent for a while (30 s by default). */
export interface Ping {
  timestamp: string
  blockNumber: string
  finalizedBlockNumber: string
}

/** The server cannot hold this stream now, and ends it. The client reconnects by itself. */
export interface Unavailable {
  reason: 'full' | 'draining'
  /** seconds */
  retryAfter: number
}

export type JobEventType = 'job_created' | 'job_updated' | 'job_removed'

/** What each event of the stream carries. A job is sent as it is now, a removed one as it was. */
export interface EventData<J extends JobBase = Job> extends Record<JobEventType, J> {
  connected: Connected
  ping: Ping
  unavailable: Unavailable
}

export type EventType = keyof EventData

/**
 * One event of the stream. `id` is the feed's position after it: pass it as `lastEventId` to continue there.
 * `unavailable` does not move the position, so it repeats the last one, or `''` if there is none.
 */
export type StreamEvent<J extends JobBase = Job> = {
  [T in EventType]: { type: T; id: string; data: EventData<J>[T] }
}[EventType]
