import { type Breaker, createBreaker } from './breaker.ts'
import type { Endpoint } from './endpoint.ts'
import { isOutage, isRefusal, retryAfterSeconds } from './errors.ts'
import { CannotIndexError, IncompleteAnswerError } from './source.ts'
import type { Call } from './transport.ts'

/** The time for one answer, before the next endpoint or a smaller range is tried. */
const TIMEOUT_MS = 10_000
/** The same for a small answer, if another endpoint is in service that can be asked instead. */
const SHORT_TIMEOUT_MS = 3_000
/** The time for the logs of one block that are too many for an answer of the usual size. */
const LARGE_TIMEOUT_MS = 60_000

/** `logs` may take a node long; `large`: as SendOptions has it. */
export type AnswerSize = 'small' | 'logs' | 'large'

export interface AskOptions {
  size?: AnswerSize
  /** false for results of a node that lags: the next endpoint is asked */
  accepts?: (results: unknown[]) => boolean
}

/** The endpoints of RPC_URL. Those that fail or hang are set aside for a while, and the others serve meanwhile. */
export interface Pool {
  /**
   * Results of calls that one endpoint answers together: the first in RPC_URL that is in service and has them all. If none is
   * in service, all are asked.
   * @throws CannotIndexError if an endpoint is on another chain
   * @throws RpcError with a node's refusal if there was one, else of the last endpoint that was asked
   */
  ask(calls: Call[], options?: AskOptions): Promise<unknown[]>
  /** As {@link ask}, of one endpoint only: `turn` 0, 1, 2… goes around those in service. */
  askOne(turn: number, calls: Call[], options?: AskOptions): Promise<unknown[]>
  /** The results of those endpoints in service that have one, asked at once. @throws if none has */
  askEach<T>(
    ask: (endpoint: Endpoint, timeoutMs: number) => Promise<T>,
  ): Promise<{ endpoint: Endpoint; result: T }[]>
  /** Whether an endpoint is the one that {@link ask} asks first. */
  isFirst(endpoint: Endpoint): boolean
  /** Sets an endpoint aside until its head is above `head`. */
  setStuck(endpoint: Endpoint, head: number): void
}

interface Member {
  endpoint: Endpoint
  breaker: Breaker
  /** the head it had while others were further; -1 if it is not stuck */
  stuckAt: number
}

export function createPool(endpoints: Endpoint[], now: () => number): Pool {
  const members = endpoints.map((endpoint): Member => {
    const member: Member = { endpoint, stuckAt: -1, breaker: createBreaker(() => probe(member), now) }
    return member
  })
  const inService = () => members.filter(({ breaker }) => breaker.isClosed())

  function probeOthers(): void {
    if (inService().length > 0) for (const { breaker } of members) breaker.halfOpen()
  }

  /** Whether requests without an answer are worth less time: another endpoint can be asked. */
  function timeoutOf(size: AnswerSize, member: Member): number {
    if (size === 'large') return LARGE_TIMEOUT_MS
    const alone = inService().every((other) => other === member)
    return size === 'logs' || alone ? TIMEOUT_MS : SHORT_TIMEOUT_MS
  }

  async function attempt<T>(member: Member, ask: () => Promise<T>): Promise<T> {
    try {
      const result = await ask()
      if (member.stuckAt < 0) member.breaker.close()
      return result
    } catch (error) {
      if (isOutage(error)) {
        member.breaker.open((retryAfterSeconds(error) ?? 0) * 1_000)
        member.endpoint.distrust()
      }
      throw error
    }
  }

  function askMember(member: Member, calls: Call[], { size = 'small', accepts }: AskOptions) {
    const options = { timeoutMs: timeoutOf(size, member), large: size === 'large' }
    return attempt(member, async () => {
      const results = await member.endpoint.ask(calls, options)
      if (accepts && !accepts(results))
        throw new IncompleteAnswerError('the RPC has not reached the blocks it was asked for')
      return results
    })
  }

  return {
    async ask(calls, options = {}) {
      probeOthers()
      let failure: unknown
      for (const member of candidates(members)) {
        try {
          return await askMember(member, calls, options)
        } catch (error) {
          if (error instanceof CannotIndexError) throw error
          if (!isRefusal(failure)) failure = error
        }
      }
      throw failure
    },
    async askOne(turn, calls, options = {}) {
      const found = inService()
      const from = found.length > 0 ? found : members
      return askMember(from[turn % from.length] as Member, calls, options)
    },
    async askEach(ask) {
      probeOthers()
      const found = inService()
      let failure: unknown
      const answers = await Promise.all(
        (found.length > 0 ? found : members).map(async (member) => {
          const { endpoint } = member
          try {
            return [
              { endpoint, result: await attempt(member, () => ask(endpoint, timeoutOf('small', member))) },
            ]
          } catch (error) {
            failure = error
            return []
          }
        }),
      )
      if (answers.flat().length === 0) throw failure
      return answers.flat()
    },
    isFirst: (endpoint) => inService()[0]?.endpoint === endpoint,
    setStuck(endpoint, head) {
      const member = members.find((each) => each.endpoint === endpoint)
      if (!member) return
      member.stuckAt = head
      member.breaker.open()
    },
  }
}

/** In the order of RPC_URL: those in service, and if they all drop out, the others. */
function* candidates(members: Member[]): Generator<Member> {
  const asked = new Set<Member>()
  for (const member of members) {
    if (!member.breaker.isClosed()) continue
    asked.add(member)
    yield member
  }
  if (members.some(({ breaker }) => breaker.isClosed())) return
  for (const member of members) if (!asked.has(member)) yield member
}

/** @throws if the endpoint is still out of order */
async function probe(member: Member): Promise<void> {
  const call = { method: 'eth_blockNumber', params: [] }
  const [head] = await member.endpoint.askUnchecked([call], { timeoutMs: TIMEOUT_MS })
  if (Number(head) <= member.stuckAt) throw new Error(`the head is still block ${member.stuckAt}`)
  member.stuckAt = -1
}
