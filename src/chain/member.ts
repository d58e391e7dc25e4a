import { createBreaker } from './breaker.ts'
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
 * Expected size of an answer, which decides the timeout. `large` also raises the limit of bytes
 * (see SendOptions).
 */
export type AnswerSize = 'small' | 'logs' | 'large'

export interface AskOptions<Calls extends readonly Call[]> {
  size?: AnswerSize
  /** false for results of a node that lags: the next endpoint is asked */
  accepts?: (results: Results<Calls>) => boolean
}

export type Member = ReturnType<typeof createMember>

/**
 * Creates an endpoint of a pool. It is set aside when it fails, until a probe or another request succeeds.
 * @param hasNoAlternative whether no other endpoint is in service that could be asked instead
 * @param now a monotonic clock in milliseconds
 */
export function createMember(endpoint: Endpoint, hasNoAlternative: () => boolean, now: () => number) {
  /** the block that the endpoint must have to return to service, because others had it; -1 if there is none */
  let requiredBlock = -1
  const breaker = createBreaker(probe, now)

  /** @throws Error if the endpoint still fails, or if its head is still too low */
  async function probe(): Promise<void> {
    const [head] = await endpoint.askUnchecked([blockNumberCall], { timeoutMs: ANSWER_TIMEOUT_MS })
    if (head < requiredBlock) throw new Error(`the head is block ${head}, below block ${requiredBlock}`)
    // Whether it is the right chain is left to the next request, which reports a wrong one.
    if (!endpoint.isTrusted()) await endpoint.readIdentity(ANSWER_TIMEOUT_MS)
    requiredBlock = -1
  }

  function timeoutOf(size: AnswerSize): number {
    if (size === 'large') return LARGE_ANSWER_TIMEOUT_MS
    return size === 'logs' || hasNoAlternative() ? ANSWER_TIMEOUT_MS : SMALL_ANSWER_TIMEOUT_MS
  }

  /** Runs a request, and opens or closes the breaker by how it ends. */
  async function withBreaker<T>(request: () => Promise<T>): Promise<T> {
    try {
      const result = await request()
      if (requiredBlock < 0) breaker.close()
      return result
    } catch (error) {
      if (isOutage(error)) {
        breaker.open(retryAfterMs(error))
        endpoint.distrust()
      }
      throw error
    }
  }

  return {
    endpoint,
    isInService: breaker.isClosed,
    pauseMs: breaker.pauseMs,
    probeIfDue: breaker.probeIfDue,
    /**
     * Asks the endpoint.
     * @throws IncompleteAnswerError if the results are not accepted, and what Endpoint.ask throws
     */
    ask<const Calls extends readonly Call[]>(
      calls: Calls,
      { size = 'small', accepts }: AskOptions<Calls> = {},
    ): Promise<Results<Calls>> {
      const options = { timeoutMs: timeoutOf(size), large: size === 'large' }
      return withBreaker(async () => {
        const results = await endpoint.ask(calls, options)
        if (accepts && !accepts(results))
          throw new IncompleteAnswerError('the node has not reached the blocks it was asked for')
        return results
      })
    },
    /** Asks the endpoint which chain it is on. */
    readIdentity: () => withBreaker(() => endpoint.readIdentity(timeoutOf('small'))),
    /** Sets the endpoint aside until it has a block. */
    setAsideUntil(block: number): void {
      requiredBlock = block
      breaker.open()
    },
  }
}
