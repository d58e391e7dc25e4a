import type { Job, JobBase } from './job.ts'

/** The first event of each connection. */
export interface Connected {
  type: 'connected'
  /** server time, ISO 8601 UTC */
  timestamp: string
  /** the block indexed last */
  blockNumber: string
  /** no reorg can reach this block or any before it */
  finalizedBlockNumber: string
  /** null: a new subscription. true: everything after the last event id follows. false: there is a gap. */
  resumed: boolean | null
}

/**
 * Sent after each 30 s (by default) in which the stream sent nothing, and soon after a resumed stream has sent
 * all missed events.
 */
export interface Ping {
  timestamp: string
  blockNumber: string
  finalizedBlockNumber: string
}

/** The server cannot hold this stream now, and ends it. The client reconnects by itself. */
export interface Unavailable {
  /** full: no room, or the database does not answer; draining: the server is shutting down */
  reason: 'full' | 'draining'
  /** seconds */
  retryAfter: number
}

export type JobEventType = 'job_created' | 'job_updated' | 'job_removed'

/** The data of each event of the stream. A job is sent as it is now, a removed job as it was. */
export interface EventData<J extends JobBase = Job> extends Record<JobEventType, J> {
  connected: Connected
  ping: Ping
  unavailable: Unavailable
}

export type EventType = keyof EventData

/**
 * One event of the stream. `id` is the position of the feed after it: pass it as `lastEventId` to continue
 * there. `unavailable` does not move the position: its `id` is the last one, or `''` if there is none.
 */
export type StreamEvent<J extends JobBase = Job> = {
  [T in EventType]: { type: T; id: string; data: EventData<J>[T] }
}[EventType]
