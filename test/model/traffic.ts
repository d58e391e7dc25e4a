import type { Random } from '../helpers/random.ts'
import type { SimChain } from './chain.ts'
import { DAMAGES, type LogSpec, type ModelDefinition } from './definition.ts'

/** Random logs of the contract: jobs are created and changed in any order, plausible or not. */
export interface Traffic {
  /** the logs of one block */
  block(random: Random): LogSpec[]
  /** Replaces the newest blocks with a branch that contains some of their logs again. */
  reorg(random: Random): void
}

/** No job is ever created with an id from here on. */
const NOBODYS = 1_000_000

export function createTraffic(definition: ModelDefinition, chain: SimChain): Traffic {
  let created = 0
  let latest = 1

  function log(random: Random): LogSpec {
    const creates = random.chance(0.4)
    const event = random.pick(creates ? definition.creations : definition.changes)
    latest = creates ? newId(random) : changedId(random)
    const drawn = event.draw(random)
    const damages = DAMAGES.slice(0, drawn.words.length > event.indexed ? 3 : 2)
    const damage = random.chance(0.06) ? random.pick(damages) : null
    return { event, creates, jobId: toUint256(latest), damage, ...drawn }
  }

  /** Mostly a new id, sometimes one that was used before. */
  function newId(random: Random): number {
    return random.chance(0.2) ? random.below(created + 1) : ++created
  }

  /** Mostly a recent id, often that of the last log, and sometimes one that was never created. */
  function changedId(random: Random): number {
    if (random.chance(0.35)) return latest
    if (random.chance(0.05)) return NOBODYS + random.below(3)
    return random.chance(0.7) ? created - random.below(5) : random.below(created + 1)
  }

  function block(random: Random): LogSpec[] {
    return Array.from({ length: random.pick([0, 0, 1, 1, 2, 3, 5]) }, () => log(random))
  }

  return {
    block,
    reorg(random) {
      const depth = 1 + random.below(random.chance(0.2) ? 40 : 4)
      const length = random.chance(0.3) ? 1 + random.below(depth) : depth + random.below(3)
      const branch = Array.from({ length }, () => (random.chance(0.3) ? [] : block(random)))
      // Some transactions of the old branch are in the new one too, in another order.
      let old = chain.head
      for (let i = 0; i < depth && old.number > chain.finalized.number && old.parent; i++, old = old.parent)
        for (const { spec, transactionHash } of old.logs)
          if (random.chance(0.5)) branch[random.below(length)]?.push({ ...spec, transactionHash })
      chain.reorg(depth, branch, random.chance(0.2))
    },
  }
}

/** Every fifth id is larger than any number that JavaScript can hold. */
function toUint256(id: number): bigint {
  return BigInt(Math.max(0, id)) + (id % 5 === 0 ? 2n ** 255n : 0n)
}
