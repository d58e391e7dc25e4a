import { setImmediate } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { parseFilter } from '../../src/contract/filters.ts'
import { pruneFeed } from '../../src/store/feed.ts'
import { readHistory } from '../../src/store/history.ts'
import { LEASE_SECONDS } from '../../src/store/lease.ts'
import { cursor } from '../../src/store/schema.ts'
import { jobsOf } from '../helpers/historyPage.ts'
import type { Random } from '../helpers/random.ts'
import { type Actor, createActor, judge, proceed, start, wholeTurn } from './actor.ts'
import { createApi } from './api.ts'
import { JOB_EVENTS } from './definition.ts'
import { WEATHERS } from './source.ts'
import { hold, keyOf, readTables, same } from './state.ts'
import { type Client, createClient } from './subscribers.ts'
import { FIRST_ID, type World } from './world.ts'

/** What can happen, and how often. */
export const ACTIONS = {
  mine: 8,
  turn: 8,
  reorg: 5,
  backToOldBranch: 2,
  finalize: 2,
  interrupted: 4,
  crash: 4,
  race: 4,
  freeze: 4,
  weather: 4,
  databaseFaults: 2,
  otherChain: 1,
  timePasses: 2,
  subscribe: 3,
  take: 3,
  cut: 3,
  comeBack: 3,
  prune: 2,
  poll: 2,
  restartServer: 1,
} as const
export type ActionType = keyof typeof ACTIONS

/** More jobs than any schedule makes. */
const ALL = 10_000

export const actions: Record<ActionType, (world: World, details: Random) => void | Promise<void>> = {
  mine({ chain, traffic }, details) {
    const count = details.chance(0.1) ? 70 : 1 + details.below(4)
    for (let i = 0; i < count; i++)
      chain.mine(count > 10 && details.chance(0.8) ? [] : traffic.block(details), details.chance(0.1))
  },
  async turn(world, details) {
    const actor = details.pick(world.actors)
    for (let turns = 1 + details.below(4); turns > 0; turns--) await wholeTurn(world, actor, details)
  },
  reorg: ({ traffic }, details) => traffic.reorg(details),
  backToOldBranch: ({ chain }, details) => chain.backTo(details),
  finalize: ({ chain }, details) => chain.finalize(chain.head.number - details.below(8)),
  async interrupted(world, details) {
    const actor = details.pick(world.actors)
    const turn = start(actor)
    await proceed(actor, turn, { details, awaits: 1 + details.below(8) })
    if (details.chance(0.8)) world.traffic.reorg(details)
    else world.chain.mine(world.traffic.block(details))
    if (details.chance(0.5)) await actor.beat()
    await proceed(actor, turn, { details })
    judge(world, turn)
  },
  async crash(world, details) {
    const which = details.below(2) as 0 | 1
    const actor = world.actors[which]
    const turn = start(actor)
    await proceed(actor, turn, { details, awaits: details.below(10) })
    judge(world, turn)
    // Killed between a request and its answer.
    const gate = actor.gates.pending[0]
    if (gate && details.chance(0.7)) await gate.execute()
    world.actors[which] = createActor(world, 'ab'.charAt(which))
  },
  async race(world, details) {
    const both = world.actors.map((actor) => ({ actor, turn: start(actor) }))
    if (world.lease && details.chance(0.7)) await world.expire()
    while (both.some(({ turn }) => !turn.ended)) {
      const { actor, turn } = details.pick(both)
      await proceed(actor, turn, { details, awaits: 1 })
      if (details.chance(0.05)) await world.expire()
      if (details.chance(0.1)) await actor.beat()
      if (details.chance(0.05)) world.traffic.reorg(details)
      if (details.chance(0.3)) await collide(world)
    }
    for (const { turn } of both) judge(world, turn)
  },
  async freeze(world, details) {
    const [frozen, other] = details.chance(0.5) ? world.actors : world.actors.toReversed()
    const turn = start(frozen as Actor)
    await proceed(frozen as Actor, turn, { details, awaits: 1 + details.below(12) })
    await world.expire()
    for (let turns = 1 + details.below(5); turns > 0; turns--) {
      if (details.chance(0.3)) world.traffic.reorg(details)
      if (details.chance(0.3)) world.chain.finalize(world.chain.head.number - details.below(4))
      await wholeTurn(world, other as Actor, details)
    }
    await proceed(frozen as Actor, turn, { details })
    judge(world, turn)
  },
  weather({ sky }, details) {
    sky.weather = details.pick(WEATHERS)
  },
  databaseFaults(world, details) {
    world.faults = 1 + details.below(3)
  },
  async otherChain(world, details) {
    const { db } = world.store
    const before = (await readTables(db, Number.MAX_SAFE_INTEGER)).cursor
    if (before.start_block === null) return
    world.sky.foreign = true
    for (let turns = 1 + details.below(3); turns > 0; turns--)
      await wholeTurn(world, details.pick(world.actors), details)
    world.sky.foreign = false
    const after = (await readTables(db, Number.MAX_SAFE_INTEGER)).cursor
    // A range that was read ahead of our own chain may still be written.
    hold(
      'another chain takes nothing away',
      after.block_number >= before.block_number && after.finalized_number <= world.chain.finalized.number,
      () => JSON.stringify(after),
    )
  },
  timePasses: (world) => world.expire(),
  async subscribe(world, details) {
    const wanted = details.pick(world.definition.queries)
    const client = createClient(wanted, details.chance(0.4), world.watch.committed)
    world.clients.push(client)
    if (details.chance(0.4)) await readFirst(world, client)
    await connect(world, client, details)
  },
  take({ clients }, details) {
    for (const client of clients) if (details.chance(0.5)) client.take()
  },
  cut({ clients }, details) {
    for (const client of clients) if (details.chance(0.5)) client.cut(details.below(2_000))
  },
  async comeBack(world, details) {
    for (const client of world.clients) if (!client.connected) await connect(world, client, details)
  },
  async prune({ api, store: { db }, watch: { committed } }, details) {
    // A server has long since read the entries that are old enough to be pruned.
    void api.poll()
    await api.settle(details, true)
    const upTo = details.pick([FIRST_ID, ...committed.lines.map(({ id }) => id)])
    await db.run(
      `update feed set created_at = clock_timestamp() - interval '2 hours' where id <= $1::bigint`,
      [upTo],
    )
    await pruneFeed(db, 3600)
    const now = await readTables(db, upTo)
    const prunedId = Math.max(committed.prunedId, upTo)
    const kept = committed.lines.filter((line) => line.id > prunedId)
    same('pruning keeps young entries', now.feed.length, kept.length)
    same('pruning is recorded', now.cursor.pruned_id, prunedId)
    committed.prunedId = now.cursor.pruned_id
  },
  async poll(world, details) {
    const { api, chain, traffic } = world
    void api.poll()
    if (details.chance(0.5)) {
      // The answer is on its way while the feed goes on.
      await setImmediate()
      await Promise.all(api.gates.pending.filter((gate) => !gate.executed).map((gate) => gate.execute()))
      chain.mine(traffic.block(details))
      for (let turns = 2; turns > 0; turns--) await wholeTurn(world, details.pick(world.actors), details)
    }
    await api.settle(details, true)
  },
  async restartServer(world, details) {
    world.api.kill()
    for (const client of world.clients) client.cut(details.below(500))
    world.api = createApi(world.store.db, world.definition.contract)
  },
}

export async function connect({ api }: World, client: Client, details: Random): Promise<void> {
  const connecting = client.connect(api)
  await api.settle(details, true)
  await connecting
}

/** Reads the history before it subscribes: the seam of the public contract. */
async function readFirst({ store: { db }, definition, watch }: World, client: Client): Promise<void> {
  const { contract } = definition
  const { types: _, filter: __, ...query } = client.wanted.query
  const page = await readHistory(db, contract, {
    filter: parseFilter(contract.filters, query),
    order: 'asc',
    limit: ALL,
    offset: 0,
  })
  const jobs = jobsOf(page)
  const all = (watch.previous?.jobs ?? []).map(([, , , data]) => data)
  same(
    'the history selects what its filter says',
    jobs,
    all.filter((data) => client.wanted.matches(JSON.parse(data))),
  )
  same('the history has a total', page.total, jobs.length)
  client.lastEventId = page.lastId
  // While the contract's past is synced, the stream is silent and the history grows.
  if (client.wanted.types === JOB_EVENTS && !watch.silent)
    client.held = new Map(jobs.map((data) => [keyOf(data), data]))
}

/** Both processes' statements reach the database at the same moment. */
async function collide(world: World): Promise<void> {
  const gates = world.actors.map(({ gates: { pending } }) => pending[0])
  if (!gates.every((gate) => gate?.what === 'database' && !gate.executed)) return
  world.colliding = true
  await Promise.all(gates.map((gate) => gate?.execute()))
  world.colliding = false
  // Only the database knows which of the two came first.
  const [row] = await world.store.db.orm
    .select({
      holder: cursor.indexer,
      fresh: sql<boolean>`coalesce(abs(extract(epoch from clock_timestamp() - ${cursor.renewedAt})) <= ${LEASE_SECONDS}::int, false)`,
    })
    .from(cursor)
  if (row?.holder) world.lease = { holder: row.holder, fresh: row.fresh }
}
