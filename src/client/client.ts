/**
 * `jobcast/client`: the typed subscriber, for browsers and Node. This file is the package's entry and the list
 * of what is public.
 */
export type { Connected, EventData, EventType, Ping, Unavailable } from '../events.ts'
export type { Job } from '../job.ts'
export { type FollowEvent, type FollowOptions, follow } from './follow.ts'
export { type HistoryOptions, history } from './history.ts'
export { JobcastError, type JobFilter, type RequestOptions, type StrategyType } from './request.ts'
export {
  type ListenOptions,
  listen,
  type StreamEvent,
  type SubscribeOptions,
  subscribe,
} from './subscribe.ts'
export { budgetUnits, createdAt, deadline } from './values.ts'
