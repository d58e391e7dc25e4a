import type { Call } from './calls.ts'
import type { Endpoint } from './endpoint.ts'
import { rpcFailureOf } from './errors.ts'
import { type AskOptions, createMember, type Member } from './member.ts'
import { CannotIndexError } from './source.ts'

export type Pool = ReturnType<typeof createPool>

/**
 * Creates the pool of the endpoints of RPC_URL. One that fails or hangs is set aside for a while, and the
 * others serve meanwhile.
 * @param now a monotonic clock in milliseconds
 */
export function createPool(endpoints: Endpoint[], now: () => number) {
  const members: Member[] = endpoints.map((endpoint) => {
    const hasNoAlternative = () => inService().every((other) => other.endpoint === endpoint)
    return createMember(endpoint, hasNoAlternative, now)
  })
  const inService = () => members.filter((member) => member.isInService())

  /** Returns the member whose pause ends first. */
  const soonest = () => members.reduce((found, each) => (each.pauseMs() < found.pauseMs() ? each : found))

  /**
   * Probes the members that are set aside, and returns those in service. If none is, returns those without a
   * pause. If each has one, returns the member whose pause ends first.
   */
  function probeAndSelect(): Member[] {
    // Probed even if none is in service. Otherwise the first that answers, such as one whose head is too low,
    // would get every request, and no other would return to service.
    for (const member of members) member.probeIfDue()
    const found = inService()
    if (found.length > 0) return found
    const unpaused = members.filter((member) => member.pauseMs() === 0)
    return unpaused.length > 0 ? unpaused : [soonest()]
  }

  return {
    /**
     * Returns the results of calls that one endpoint answers together: the first in RPC_URL that is in
     * service and has them all. If none is in service, those without a pause are asked in turn until one
     * answers.
     * @throws CannotIndexError if an endpoint is on another chain
     * @throws RpcError of a node's refusal if there was one; otherwise the last error
     */
    async ask<const Calls extends readonly Call[]>(calls: Calls, options?: AskOptions<Calls>) {
      const asked = new Set<Member>()
      const failures: unknown[] = []
      for (;;) {
        const member = probeAndSelect().find(
          (each) => !asked.has(each) && (asked.size === 0 || each.pauseMs() === 0),
        )
        if (!member) throw errorOf(failures)
        asked.add(member)
        try {
          return await member.ask(calls, options)
        } catch (error) {
          if (error instanceof CannotIndexError) throw error
          failures.push(error)
        }
      }
    },
    /**
     * Like `ask`, but asks one endpoint only. Successive turns (0, 1, 2…) ask those in service one after
     * the other.
     */
    async askOne<const Calls extends readonly Call[]>(
      turn: number,
      calls: Calls,
      options?: AskOptions<Calls>,
    ) {
      const asked = probeAndSelect()
      const member = asked[turn % asked.length]
      if (!member) throw new RangeError('there is no endpoint to ask')
      return member.ask(calls, options)
    },
    /**
     * Asks all endpoints in service at once. If none is, asks those without a pause; if each has one, the one
     * whose pause ends first.
     * @returns the results of those that have one
     * @throws if none has: an RpcError of a refusal if there was one; otherwise the last error
     */
    async askEach<T>(ask: (member: Member) => Promise<T>): Promise<{ member: Member; result: T }[]> {
      const failures: unknown[] = []
      const answers = await Promise.all(
        probeAndSelect().map(async (member) => {
          try {
            return [{ member, result: await ask(member) }]
          } catch (error) {
            failures.push(error)
            return []
          }
        }),
      )
      const found = answers.flat()
      if (found.length === 0) throw errorOf(failures)
      return found
    },
    /** Returns the milliseconds until an endpoint has no pause; 0 if one has none. */
    pauseMs: () => soonest().pauseMs(),
    /** Returns whether `ask` asks this endpoint first. */
    isFirst: (endpoint: Endpoint) => inService()[0]?.endpoint === endpoint,
  }
}

/** Returns the error that tells most: a node's refusal, otherwise the last one. */
function errorOf(failures: unknown[]): unknown {
  return failures.find((error) => rpcFailureOf(error) === 'refused') ?? failures.at(-1)
}
