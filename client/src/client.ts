/**
 * `jobcast-client`: the typed subscriber, for browsers and Node. This file is the package's entry and the list of what is
 * public.
 */
export type {
  Connected,
  EventData,
  EventType,
  JobEventType,
  Ping,
  StreamEvent,
  Unavailable,
} from './events.ts'
export { type FollowOptions, follow } from './follow.ts'
export { type HistoryOptions, history } from './history.ts'
export { type Job, type JobBase, jobKey } from './job.ts'
export { type Mirror, type MirrorChange, type MirrorOptions, mirror } from './mirror.ts'
export {
  type FilterValue,
  JobcastError,
  type JobFilter,
  type RequestOptions,
  type Retry,
} from './request.ts'
export { type ListenOptions, listen, type SubscribeOptions, subscribe } from './subscribe.ts'
export type { FollowEvent } from './track.ts'
export { chainTime, createdAt, units } from './values.ts'
