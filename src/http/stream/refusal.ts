import type { FastifyReply } from 'fastify'
import type { Unavailable } from '../../events.ts'
import { encodeFrame } from '../../feed/frames.ts'
import { sendError, UNREACHABLE } from '../errors.ts'
import { jitter } from './jitter.ts'
import { sendComplete } from './response.ts'

/** Seconds after which a refused client is to reconnect. */
const REFUSED_RETRY_SECONDS = { from: 15, to: 60 }

const messages = {
  full: 'the server has as many streams as it can hold',
  draining: 'the server is shutting down',
  unreachable: UNREACHABLE,
}
export type Refusal = keyof typeof messages

/** Value of the label `reason` of a stream that was refused with an error, by the status of the error. */
export const reasonOfStatus: Record<number, string> = {
  400: 'bad_request',
  401: 'unauthorized',
  429: 'rate_limited',
  500: 'internal',
}

/**
 * Refuses a stream that the server cannot hold now, with 503. A client that accepts `text/event-stream` gets
 * a stream with one `unavailable` event instead, because EventSource never reconnects after a 503.
 */
export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const retryAfter = jitter(REFUSED_RETRY_SECONDS)
  if (!/text\/event-stream/i.test(reply.request.headers.accept ?? ''))
    return sendError(reply.header('retry-after', retryAfter), 'UNAVAILABLE', messages[refusal])
  const draining = refusal === 'draining'
  // Clients know two reasons: a database that does not answer is reported as full, with the same wait.
  const data: Unavailable = { reason: draining ? 'draining' : 'full', retryAfter }
  const frame = { retry: retryAfter * 1_000, event: 'unavailable', data: JSON.stringify(data) }
  return sendComplete(reply, encodeFrame(frame), draining)
}

/**
 * Refuses a stream with 429, for an address that has too many. An EventSource gets the 429 too, so it does
 * not reconnect.
 */
export function sendAddressFull(reply: FastifyReply, maxStreamsPerIp: number): FastifyReply {
  return sendError(
    reply.header('retry-after', REFUSED_RETRY_SECONDS.to),
    'RATE_LIMITED',
    `${maxStreamsPerIp} streams are open from your address; close one first`,
  )
}
