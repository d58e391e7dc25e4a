/** `jobcast-client`: the typed client, for browsers and Node. This file lists what the package exports. */
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
export { type Mirror, type MirrorOptions, mirror } from './mirror.ts'
export type { MirrorChange } from './pending.ts'
export {
  type FilterValue,
  JobcastError,
  type JobFilter,
  type RequestOptions,
  type Retry,
} from './request.ts'
export { type ListenOptions, listen, type SubscribeOptions, subscribe } from './subscribe.ts'
export type { EarlierRun, FollowEvent } from './track.ts'
export { chainTime, createdAt, units } from './values.ts'
