import { createRandom, type Random } from '../helpers/random.ts'
import { type Actor, createActor } from './actor.ts'
import { type Api, createApi } from './api.ts'
import { createChain, type SimChain } from './chain.ts'
import type { ModelDefinition } from './definition.ts'
import type { Schedule } from './schedules.ts'
import { CALM, type Sky } from './source.ts'
import { assertState, readTables, resetTables, type Tables, type Watch } from './state.ts'
import type { Store } from './stores.ts'
import type { Client } from './subscribers.ts'
import { createTraffic, type Traffic } from './traffic.ts'

/** The first feed id: a time in microseconds, as in a new database. */
export const FIRST_ID = 1_780_000_000_000_000

/** Everything that a schedule uses: a chain, an RPC, a store, two indexers, a server and its subscribers. */
export interface World {
  schedule: Schedule
  random: Random
  definition: ModelDefinition
  store: Store
  chain: SimChain
  sky: Sky
  traffic: Traffic
  startBlock: number | undefined
  actors: [Actor, Actor]
  api: Api
  clients: Client[]
  watch: Watch
  /** statements of indexers, or their answers, that will get lost */
  faults: number
  /** milliseconds of the processes' clock */
  time: number
  /** which process may index, and whether its lease was renewed lately */
  lease: { holder: string; fresh: boolean } | undefined
  /** statements of both indexers run at once, and which comes first only the database knows */
  colliding: boolean
  /**
   * After each step: checks the store against the chain, and then perhaps notifies. Notifications may
   * get lost.
   */
  look(): Promise<void>
  /** Makes the lease expire, or sets its renewal into the future. */
  expire(): Promise<void>
}

/** A world with some history, in an empty store. */
export async function createWorld(store: Store, schedule: Schedule): Promise<World> {
  const { definition, db } = store
  const random = createRandom(schedule.seed)
  const contractBlock = Math.min(schedule.contractBlock, schedule.history)
  const chain = createChain({ definition, contractBlock })
  const traffic = createTraffic(definition, chain)
  for (let i = 0; i < schedule.history; i++)
    chain.mine(chain.head.number + 1 < contractBlock ? [] : traffic.block(random))
  chain.finalize(Math.max(contractBlock, Math.floor((schedule.history * schedule.finalizedPercent) / 100)))
  // What schedules leave behind would make each statement of later ones slower.
  if (++store.played % 50 === 0) await db.run('vacuum', [])
  await resetTables(db, FIRST_ID)

  const world: Omit<World, 'actors'> & { actors: Actor[] } = {
    schedule,
    random,
    definition,
    store,
    chain,
    sky: {
      chain,
      weather: CALM,
      foreign: false,
      finalizedTag: schedule.finalizedTag,
      maxRange: schedule.maxRange,
      removedLogs: schedule.removedLogs,
    },
    traffic,
    startBlock: schedule.startBlock
      ? contractBlock + random.below(chain.finalized.number - contractBlock + 2)
      : undefined,
    actors: [],
    api: createApi(db, definition.contract),
    clients: [],
    watch: {
      definition,
      chain,
      previous: undefined,
      expectations: undefined,
      held: new Map(),
      silent: true,
      committed: { lastId: FIRST_ID, lines: [], prunedId: FIRST_ID },
    },
    faults: 0,
    time: 0,
    lease: undefined,
    colliding: false,
    look() {
      looking = looking.then(lookNow)
      return looking
    },
    async expire() {
      if (world.lease) world.lease.fresh = false
      const aside = random.chance(0.8) ? -60 : 3600
      // The process knows that its lease expired, unless only the clock of the database jumped.
      if (aside < 0) for (const { lease } of world.actors) lease.heldAt = Number.NEGATIVE_INFINITY
      await db.run(`update cursor set renewed_at = clock_timestamp() + $1::int * interval '1 second'`, [
        aside,
      ])
    },
  }
  let looking = Promise.resolve()
  async function lookNow(): Promise<void> {
    const { watch } = world
    assertState(await readTables(db, watch.committed.lastId), watch)
    const { last_id, block_number, finalized_number } = (watch.previous as Tables).cursor
    if (random.chance(0.7))
      world.api.notify({ lastId: last_id, blockNumber: block_number, finalizedNumber: finalized_number })
  }
  const whole = world as World
  whole.actors = [createActor(whole, 'a'), createActor(whole, 'b')]
  return whole
}
