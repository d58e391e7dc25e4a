import { readJob } from '../../src/store/lifecycle.ts'
import { createRandom } from '../helpers/random.ts'
import { actions, connect } from './actions.ts'
import { wholeTurn } from './actor.ts'
import type { ExpectedJob } from './expected.ts'
import type { Schedule } from './schedules.ts'
import { CALM } from './source.ts'
import { hold, same, type Tables } from './state.ts'
import type { Stores } from './stores.ts'
import type { Client } from './subscribers.ts'
import { createWorld, type World } from './world.ts'

/** Far more steps than any schedule needs to reach the head. */
const MANY_TURNS = 1_000

/**
 * Plays one schedule against the real indexer, store, feed and streams, on a simulated chain and a
 * real database.
 * @throws InvariantError if an invariant of the index is broken
 */
export async function runSchedule(stores: Stores, schedule: Schedule): Promise<void> {
  const world = await createWorld(stores[schedule.definition], schedule)
  try {
    for (const action of schedule.actions) {
      const details = createRandom(action.n)
      settleFinality(world)
      await actions[action.type](world, details)
      await world.api.settle(details, details.chance(0.5))
      for (const client of world.clients) if (!client.slow) client.take()
      assertContinues(world)
    }
    await end(world)
  } finally {
    world.api.kill()
  }
}

function assertContinues({ api }: World): void {
  hold('the feed continues', !api.rebuilt(), () => 'streams were ended as if the database had been rebuilt')
}

/**
 * If the chain reports no finalized block, the indexer assumes a depth of 256 blocks. Reorgs here stay
 * above it.
 */
function settleFinality({ sky, chain }: World): void {
  if (!sky.finalizedTag) chain.finalize(chain.head.number - 200)
}

/** Ends all faults, lets the index reach the head, and checks the final state. */
async function end(world: World): Promise<void> {
  const { schedule, chain, random, watch } = world
  world.sky.weather = CALM
  world.faults = 0
  // A head below the cursor on the same branch looks like a lagging node until the chain grows by a block.
  for (let i = 0; i <= schedule.confirmations; i++) chain.mine([])
  settleFinality(world)
  await world.expire()
  let quiet = 0
  for (let turns = 0; quiet < 2; turns++) {
    hold('it reaches the head', turns < MANY_TURNS, () => JSON.stringify(watch.previous?.cursor))
    const ended = await wholeTurn(world, world.actors[0], random)
    quiet = 'outcome' in ended && ended.outcome === 'caught-up' ? quiet + 1 : 0
  }
  const { cursor } = watch.previous as Tables
  let target = chain.head
  for (let i = 0; i < schedule.confirmations; i++) target = target.parent ?? target
  hold('the index is the canonical chain', cursor.block_hash === target.hash, () => JSON.stringify(cursor))
  await assertLifecycle(world)
  void world.api.poll()
  await world.api.settle(random, false)
  for (const client of world.clients) {
    await drain(world, client)
    client.assertComplete(cursor.last_id)
    client.cut(0)
    await connect(world, client, random)
    await drain(world, client)
    hold('a subscriber stays connected', client.connected, () => JSON.stringify(client.wanted.query))
    client.assertComplete(cursor.last_id)
    assertHeld(world, client)
  }
  assertContinues(world)
}

/** Checks the lifecycle of one job, as REST returns it. */
async function assertLifecycle({ store: { db }, definition, watch, chain, random }: World): Promise<void> {
  const { contract } = definition
  const cursor = (watch.previous as Tables).cursor
  const expected = watch.expectations?.at(chain.byHash.get(cursor.block_hash) ?? null)
  same('a job that was never created is not found', await readJob(db, contract, '424242'), null)
  if (!expected || expected.jobs.length === 0) return
  const { jobId } = random.pick(expected.jobs)
  const job = expected.jobs.findLast((each) => each.jobId === jobId) as ExpectedJob
  const { onchainCreatedAt: timestamp, creationTxHash: txHash, blockNumber } = job.fields
  const found = await readJob(db, contract, jobId)
  same('REST has the latest job of an id', JSON.stringify(found?.job), job.data)
  same('the lifecycle of a job = chain', found?.lifecycle, [
    { event: 'JobCreated', status: 'OPEN', timestamp, txHash, blockNumber },
    ...expected.changes
      .filter((change) => change.job.blockNumber === job.blockNumber && change.job.logIndex === job.logIndex)
      .map((change) => ({
        event: change.event,
        status: change.status,
        timestamp: change.timestamp,
        txHash: change.transactionHash,
        blockNumber: String(change.blockNumber),
      })),
  ])
}

/** Reads until no more events arrive. */
async function drain({ api, random }: World, client: Client): Promise<void> {
  for (let last: number | undefined = -1; last !== client.lastEventId; ) {
    last = client.lastEventId
    client.take()
    await api.settle(random, false)
    client.take()
  }
}

/** Checks that a subscriber that began with the history holds exactly the jobs that match its filter. */
function assertHeld({ watch }: World, { held, wanted }: Client): void {
  if (!held) return
  const jobs = (watch.previous as Tables).jobs.map(([, , , data]) => data)
  same(
    'history and stream = jobs',
    [...held.values()].sort(),
    jobs.filter((data) => wanted.matches(JSON.parse(data))).sort(),
  )
}
