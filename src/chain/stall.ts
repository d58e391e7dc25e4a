import { blockNumberCall } from './calls.ts'
import type { Pool } from './pool.ts'
import type { Header } from './source.ts'

/**
 * Milliseconds without a higher head after which all endpoints are asked for theirs: more than two
 * blocks of a chain with 12 s blocks.
 */
const STALL_MS = 30_000

/**
 * Returns a function to be called with each head that is read. If the head has not grown for long, all
 * endpoints in service are asked for theirs. If some of them are ahead, the others are set aside. If none is,
 * the head is current, however old it is: a devnet may make no blocks.
 * @param now a monotonic clock in milliseconds
 * @returns whether endpoints were set aside, so that the head must be read again
 */
export function createStallCheck(pool: Pool, now: () => number): (head: Header) => Promise<boolean> {
  let highest = -1
  /** when the head last grew, or was last compared */
  let checkedAt = now()

  async function setStuckAside(): Promise<boolean> {
    const heads = await pool.askEach((member) => member.ask([blockNumberCall]))
    const stuck = heads.filter(({ result: [head] }) => head <= highest)
    if (stuck.length === 0 || stuck.length === heads.length) return false
    for (const { member, result } of stuck) member.setStuck(result[0])
    return true
  }

  return async ({ number }) => {
    const grew = number > highest
    if (!grew && now() - checkedAt < STALL_MS) return false
    highest = Math.max(highest, number)
    checkedAt = now()
    return !grew && setStuckAside()
  }
}
