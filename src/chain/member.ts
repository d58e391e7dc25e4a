import { type Breaker, createBreaker } from './breaker.ts'
import { blockNumberCall, type Call, type Results } from './calls.ts'
import type { Endpoint } from './endpoint.ts'
import { isOutage, retryAfterMs } from './errors.ts'
import { IncompleteAnswerError } from './source.ts'

/** The time for one answer, after which the next endpoint or a smaller range is tried. */
const ANSWER_TIMEOUT_MS = 10_000
/** The same for a small answer, if another endpoint is in service that can be asked instead. */
const SMALL_ANSWER_TIMEOUT_MS = 3_000
/** The time for the logs of one block that are too many for an answer of the usual size. */
const LARGE_ANSWER_TIMEOUT_MS = 60_000

/**
 * Expected size of an answer, which decides the timeout (`timeoutOf`). `large` also raises the limit of bytes
 * (see SendOptions).
 */
export type AnswerSize = 'small' | 'logs' | 'large'

export interface AskOptions<Calls extends readonly Call[]> {
  size?: AnswerSize
  /** false for results of a node that lags: the next endpoint is asked */
  accepts?: (results: Results<Calls>) => boolean
}

/** An endpoint of a pool. */
export interface Member {
  endpoint: Endpoint
  breaker: Breaker
  /** the head at which the endpoint stood still while others moved; -1 if it did not */
  stuckAt: number
}

export function createMember(endpoint: Endpoint, now: () => number): Member {
  const member: Member = { endpoint, stuckAt: -1, breaker: createBreaker(() => probe(member), now) }
  return member
}

/** @throws Error if the endpoint still fails, or if its head is still stuck */
async function probe(member: Member): Promise<void> {
  const [head] = await member.endpoint.askUnchecked([blockNumberCall], { timeoutMs: ANSWER_TIMEOUT_MS })
  if (head <= member.stuckAt) throw new Error(`the head is still block ${member.stuckAt}`)
  member.stuckAt = -1
}

/** @param alone true if no other endpoint is in service that could be asked instead */
export function timeoutOf(size: AnswerSize, alone: boolean): number {
  if (size === 'large') return LARGE_ANSWER_TIMEOUT_MS
  return size === 'logs' || alone ? ANSWER_TIMEOUT_MS : SMALL_ANSWER_TIMEOUT_MS
}

/**
 * Asks a member.
 * @throws IncompleteAnswerError if the results are not accepted, and what Endpoint.ask throws
 */
export function askMember<const Calls extends readonly Call[]>(
  member: Member,
  calls: Calls,
  { size = 'small', accepts, alone }: AskOptions<Calls> & { alone: boolean },
): Promise<Results<Calls>> {
  const options = { timeoutMs: timeoutOf(size, alone), large: size === 'large' }
  return observed(member, async () => {
    const results = await member.endpoint.ask(calls, options)
    if (accepts && !accepts(results))
      throw new IncompleteAnswerError('the node has not reached the blocks it was asked for')
    return results
  })
}

/** Runs a request, and opens or closes the member's breaker by how it ends. */
export async function observed<T>(member: Member, request: () => Promise<T>): Promise<T> {
  try {
    const result = await request()
    if (member.stuckAt < 0) member.breaker.close()
    return result
  } catch (error) {
    if (isOutage(error)) {
      member.breaker.open(retryAfterMs(error))
      member.endpoint.distrust()
    }
    throw error
  }
}
