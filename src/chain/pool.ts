import type { Call, Results } from './calls.ts'
import type { Endpoint } from './endpoint.ts'
import { rpcFailureOf } from './errors.ts'
import { type AskOptions, askMember, createMember, type Member, observed, timeoutOf } from './member.ts'
import { CannotIndexError } from './source.ts'

/**
 * The endpoints of RPC_URL. One that fails or hangs is set aside for a while, and the others serve meanwhile.
 */
export interface Pool {
  /**
   * Returns the results of calls that one endpoint answers together: the first in RPC_URL that is in service
   * and has them all. If none is in service, all are asked.
   * @throws CannotIndexError if an endpoint is on another chain
   * @throws RpcError of a node's refusal if there was one; otherwise the error of the last endpoint that
   * was asked
   */
  ask<const Calls extends readonly Call[]>(calls: Calls, options?: AskOptions<Calls>): Promise<Results<Calls>>
  /**
   * Like {@link ask}, but asks one endpoint only. Successive turns (0, 1, 2…) ask those in service one after
   * the other.
   */
  askOne<const Calls extends readonly Call[]>(
    turn: number,
    calls: Calls,
    options?: AskOptions<Calls>,
  ): Promise<Results<Calls>>
  /**
   * Asks all endpoints in service at once.
   * @returns the results of those that have one
   * @throws the error of one of them if none has
   */
  askEach<T>(
    ask: (endpoint: Endpoint, timeoutMs: number) => Promise<T>,
  ): Promise<{ endpoint: Endpoint; result: T }[]>
  /** Whether {@link ask} asks this endpoint first. */
  isFirst(endpoint: Endpoint): boolean
  /** Sets an endpoint aside until its head is above `head`. */
  setStuck(endpoint: Endpoint, head: number): void
}

/** @param now a monotonic clock in milliseconds */
export function createPool(endpoints: Endpoint[], now: () => number): Pool {
  const members = endpoints.map((endpoint) => createMember(endpoint, now))
  return {
    ask: (calls, options = {}) => askInOrder(members, calls, options),
    async askOne(turn, calls, options = {}) {
      const asked = usable(members)
      const member = asked[turn % asked.length]
      if (!member) throw new RangeError('there is no endpoint to ask')
      return askMember(member, calls, { ...options, alone: isAlone(members, member) })
    },
    askEach: (ask) => askAtOnce(members, ask),
    isFirst: (endpoint) => inService(members)[0]?.endpoint === endpoint,
    setStuck(endpoint, head) {
      const member = members.find((each) => each.endpoint === endpoint)
      if (!member) return
      member.stuckAt = head
      member.breaker.open()
    },
  }
}

async function askInOrder<const Calls extends readonly Call[]>(
  members: Member[],
  calls: Calls,
  options: AskOptions<Calls>,
): Promise<Results<Calls>> {
  probeOthers(members)
  let failure: unknown
  for (const member of candidates(members)) {
    try {
      return await askMember(member, calls, { ...options, alone: isAlone(members, member) })
    } catch (error) {
      if (error instanceof CannotIndexError) throw error
      if (rpcFailureOf(failure) !== 'refused') failure = error
    }
  }
  throw failure
}

async function askAtOnce<T>(
  members: Member[],
  ask: (endpoint: Endpoint, timeoutMs: number) => Promise<T>,
): Promise<{ endpoint: Endpoint; result: T }[]> {
  probeOthers(members)
  let failure: unknown
  const answers = await Promise.all(
    usable(members).map(async (member) => {
      const { endpoint } = member
      const timeoutMs = timeoutOf('small', isAlone(members, member))
      try {
        return [{ endpoint, result: await observed(member, () => ask(endpoint, timeoutMs)) }]
      } catch (error) {
        failure = error
        return []
      }
    }),
  )
  const found = answers.flat()
  if (found.length === 0) throw failure
  return found
}

function inService(members: Member[]): Member[] {
  return members.filter(({ breaker }) => breaker.isClosed())
}

/** The members in service, or all members if none is. */
function usable(members: Member[]): Member[] {
  const found = inService(members)
  return found.length > 0 ? found : members
}

function isAlone(members: Member[], member: Member): boolean {
  return inService(members).every((other) => other === member)
}

/**
 * Probes the members that are set aside. If all of them are, they are asked anyway, which is as good as
 * a probe.
 */
function probeOthers(members: Member[]): void {
  if (inService(members).length > 0) for (const { breaker } of members) breaker.halfOpen()
}

/**
 * Yields the members in service, in the order of RPC_URL. If none is in service afterwards, it yields the
 * others too.
 */
function* candidates(members: Member[]): Generator<Member> {
  const asked = new Set<Member>()
  for (const member of members) {
    if (!member.breaker.isClosed()) continue
    asked.add(member)
    yield member
  }
  if (inService(members).length > 0) return
  for (const member of members) if (!asked.has(member)) yield member
}
