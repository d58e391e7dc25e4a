import { blockNumberCall } from './calls.ts'
import type { Pool } from './pool.ts'
import type { Header } from './source.ts'

/**
 * Milliseconds without a higher head after which all endpoints are asked for theirs: more than two
 * blocks of a chain with 12 s blocks.
 */
const STUCK_MS = 30_000

/**
 * Returns a check to call with each head that was read, and with the highest block known from elsewhere. If
 * no head has exceeded the highest known block for 30 s, all endpoints in service are asked for their heads.
 * If some of them are ahead, the others are set aside. If none is, the head is current, however old it is: a
 * devnet may make no blocks.
 * @param now a monotonic clock in milliseconds
 * @returns whether endpoints were set aside, so that the head must be read again
 */
export function createStuckCheck(
  pool: Pool,
  now: () => number,
): (head: Header, known: number) => Promise<boolean> {
  let highest = -1
  /** when the head last rose, or was last compared with those of all endpoints */
  let comparedAt = now()

  async function setStuckAside(): Promise<boolean> {
    const heads = await pool.askEach((member) => member.ask([blockNumberCall]))
    const stuck = heads.filter(({ result: [head] }) => head <= highest)
    if (stuck.length === 0 || stuck.length === heads.length) return false
    for (const { member } of stuck) member.setAsideUntil(highest + 1)
    return true
  }

  return async ({ number }, known) => {
    const rose = number > Math.max(highest, known)
    if (!rose && now() - comparedAt < STUCK_MS) return false
    highest = Math.max(highest, known, number)
    comparedAt = now()
    return !rose && setStuckAside()
  }
}
