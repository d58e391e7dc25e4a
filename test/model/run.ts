import { setImmediate } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { CannotIndexError } from '../../src/chain/source.ts'
import { createConverge, type Outcome } from '../../src/indexer/converge.ts'
import { renewLease, takeLease } from '../../src/store/cursor.ts'
import { compile, type Database } from '../../src/store/database.ts'
import { pruneFeed } from '../../src/store/feedLog.ts'
import { CONTRACT, createChain, type JobSpec } from './chain.ts'
import { createGates, type Gates, release } from './gates.ts'
import { createRandom, type Random } from './random.ts'
import { CALM, createSimSource, type Sky, WEATHERS } from './source.ts'
import { assertState, hold, InvariantError, readState, resetState, type Watch } from './state.ts'
import { type Client, createApi, createClient, QUERIES } from './subscribers.ts'

export const ACTIONS = {
  mine: 8,
  turn: 8,
  reorg: 5,
  backToOldBranch: 2,
  finalize: 2,
  interrupted: 4,
  crash: 4,
  race: 4,
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

/** One thing that happens, and the seed of its details. */
export interface Action {
  type: ActionType
  n: number
}

export interface Schedule {
  seed: number
  /** blocks before the index begins, and which of them the contract was created in */
  history: number
  contractBlock: number
  finalized: number
  startBlock: boolean
  confirmations: number
  finalizedTag: boolean
  /** blocks the provider gives at a time */
  maxRange: number
  removedLogs: boolean
  actions: Action[]
}

interface Actor {
  me: string
  gates: Gates
  turn: () => Promise<Outcome | 'standby'>
}

const LEASE_SECONDS = 8
/** Far more steps than any schedule's end needs. */
const MANY_TURNS = 1_000
/** Some year's microseconds, as ids begin with. */
const FIRST_ID = 1_780_000_000_000_000

/**
 * Plays one schedule against the real indexer, store, feed and streams, on a simulated chain and a real database.
 * @throws InvariantError where a promise of the index is broken
 */
export async function runSchedule(db: Database, schedule: Schedule): Promise<void> {
  const random = createRandom(schedule.seed)
  const contractBlock = Math.min(schedule.contractBlock, schedule.history)
  const chain = createChain({ contractBlock })
  const sky: Sky = {
    chain,
    weather: CALM,
    foreign: false,
    finalizedTag: schedule.finalizedTag,
    maxRange: schedule.maxRange,
    removedLogs: schedule.removedLogs,
  }
  let jobs = 0
  let faults = 0
  let time = 0
  let colliding = false
  /** who may index, and whether he said so lately */
  let lease: { holder: string; fresh: boolean } | undefined
  const watch: Watch = {
    previous: undefined,
    fold: [],
    silent: true,
    committed: { firstId: FIRST_ID + 1, lines: [], prunedId: FIRST_ID },
  }
  for (let i = 0; i < schedule.history; i++)
    chain.mine(chain.head.number + 1 < contractBlock ? [] : someJobs(random))
  chain.finalize(Math.max(contractBlock, Math.floor((schedule.history * schedule.finalized) / 100)))
  await resetState(db, FIRST_ID)

  const startBlock = schedule.startBlock
    ? contractBlock + random.below(chain.finalized.number - contractBlock + 2)
    : undefined
  const actors = [createActor('a'), createActor('b')] as [Actor, Actor]
  let api = createApi(db)
  const clients: Client[] = []

  function someJobs(details: Random): JobSpec[] {
    return Array.from({ length: details.pick([0, 0, 1, 1, 2, 3]) }, () => ({
      // Now and then an id that was there before.
      jobId: details.chance(0.2) ? details.below(jobs + 1) : ++jobs,
      clientId: 1 + details.below(3),
      strategyType: details.pick([0, 0, 1, 2, 3, 9]),
      verificationLevel: 1 + details.below(4),
      budget: 100 + details.below(200),
      malformed: details.chance(0.1),
    }))
  }

  function createActor(name: string): Actor {
    const me = `${name}${random.below(1e9)}`
    const gates = createGates()
    const own = createRandom(random.below(2 ** 31))
    const gated: Database = {
      rows: (query) => gates.pass('database', () => execute(query, me, own)),
      listen: async () => {},
      close: async () => {},
    }
    const converge = createConverge({
      source: createSimSource(sky, gates, own),
      db: gated,
      me,
      contract: CONTRACT,
      startBlock,
      confirmations: schedule.confirmations,
      pause: async () => {},
      now: () => (time += random.below(6_000)),
      report: { head() {}, advanced() {}, rewound() {}, bloomMismatch() {} },
    })
    let holding = false
    return {
      me,
      gates,
      // The loop of the process, without its waits.
      async turn() {
        holding ||= await takeLease(gated, me, LEASE_SECONDS)
        if (!holding) return 'standby'
        const outcome = await converge()
        if (outcome === 'raced') holding = false
        if (outcome === 'caught-up') holding = await renewLease(gated, me, null, LEASE_SECONDS)
        return outcome
      },
    }
  }

  /** The database as an indexer finds it: a statement may get lost, or its answer. */
  async function execute(query: Parameters<Database['rows']>[0], me: string, own: Random) {
    const fault = faults > 0 && own.chance(0.5)
    if (fault) faults--
    if (fault && own.chance(0.5)) throw new Error('the database did not get the statement')
    const rows = await db.rows(query)
    const { text } = compile(query)
    if (text.includes('revision = revision + 1')) {
      await look()
      if (rows.length > 0 && text.includes('indexer = ')) lease = { holder: me, fresh: true }
    }
    if (text.includes('indexer is null or')) {
      const free = !lease?.fresh || lease.holder === me
      if (!colliding)
        hold('one indexer holds the lease', free === rows.length > 0, () =>
          JSON.stringify({ lease, me, rows }),
        )
      // Taking it says nothing yet: only an answer of the chain keeps the others away.
      const said = text.includes('checked_at = clock_timestamp()')
      if (rows.length > 0) lease = { holder: me, fresh: said || (lease?.fresh ?? false) }
    }
    if (fault) throw new Error('the answer of the database got lost')
    return rows
  }

  /** After each step: the store against the chain, and then, as wakes may get lost, perhaps a wake. */
  let looking = Promise.resolve()
  function look(): Promise<void> {
    looking = looking.then(lookNow)
    return looking
  }
  async function lookNow(): Promise<void> {
    const lastId = watch.committed.firstId + watch.committed.lines.length - 1
    assertState(await readState(db, lastId), watch, chain)
    const { last_id, block_number } = (watch.previous as NonNullable<Watch['previous']>).cursor
    if (random.chance(0.7)) api.wake(last_id, block_number)
  }

  type Ended = { outcome: Outcome | 'standby' } | { error: unknown }
  function start(actor: Actor): { ended: Ended | undefined } {
    const turn: { ended: Ended | undefined } = { ended: undefined }
    actor.turn().then(
      (outcome) => {
        turn.ended = { outcome }
      },
      (error) => {
        turn.ended = { error }
      },
    )
    return turn
  }

  /** Lets a turn go on for so many awaits, or to its end. */
  async function proceed(
    actor: Actor,
    turn: { ended: Ended | undefined },
    { details, awaits = Number.POSITIVE_INFINITY }: { details: Random; awaits?: number },
  ): Promise<void> {
    for (let i = 0; i < awaits && !turn.ended; i++) {
      if (actor.gates.pending.length === 0) await setImmediate()
      if (turn.ended || actor.gates.pending.length === 0) continue
      await release(actor.gates, details, false)
    }
  }

  function judge(turn: { ended: Ended | undefined }): void {
    if (!turn.ended || !('error' in turn.ended)) return
    const { error } = turn.ended
    if (error instanceof InvariantError) throw error
    // A fault of the code, or a statement that the database refuses: never part of the weather.
    if (error instanceof TypeError || error instanceof ReferenceError || (error as { code?: unknown }).code)
      throw error
    if (error instanceof CannotIndexError)
      hold('it halts on another chain only', sky.foreign, () => error.message)
  }

  async function wholeTurn(actor: Actor, details: Random): Promise<Ended> {
    const turn = start(actor)
    await proceed(actor, turn, { details })
    judge(turn)
    return turn.ended as Ended
  }

  function changeChain(details: Random): void {
    const depth = 1 + details.below(details.chance(0.2) ? 40 : 4)
    const length = Math.max(1, details.chance(0.3) ? 1 + details.below(depth) : depth + details.below(3))
    const branch = Array.from({ length }, () => (details.chance(0.3) ? [] : someJobs(details)))
    // Some transactions of the old branch are in the new one too, in another order.
    let block = chain.head
    for (
      let i = 0;
      i < depth && block.number > chain.finalized.number && block.parent;
      i++, block = block.parent
    )
      for (const row of block.rows)
        if (details.chance(0.5))
          branch[details.below(length)]?.push({
            jobId: Number(row[2]),
            clientId: Number(row[3]),
            strategyType: row[4],
            verificationLevel: row[5],
            budget: Number(row[6]),
            malformed: false,
          })
    chain.reorg(depth, branch, details.chance(0.2))
  }

  const actions: Record<ActionType, (details: Random) => void | Promise<void>> = {
    mine(details) {
      const count = details.chance(0.1) ? 70 : 1 + details.below(4)
      for (let i = 0; i < count; i++)
        chain.mine(count > 10 && details.chance(0.8) ? [] : someJobs(details), details.chance(0.1))
    },
    async turn(details) {
      const actor = details.pick(actors)
      for (let turns = 1 + details.below(4); turns > 0; turns--) await wholeTurn(actor, details)
    },
    reorg: changeChain,
    backToOldBranch: (details) => chain.backTo(details),
    finalize: (details) => chain.finalize(chain.head.number - details.below(8)),
    async interrupted(details) {
      const actor = details.pick(actors)
      const turn = start(actor)
      await proceed(actor, turn, { details, awaits: 1 + details.below(8) })
      if (details.chance(0.8)) changeChain(details)
      else chain.mine(someJobs(details))
      await proceed(actor, turn, { details })
      judge(turn)
    },
    async crash(details) {
      const which = details.below(2) as 0 | 1
      const actor = actors[which]
      const turn = start(actor)
      await proceed(actor, turn, { details, awaits: details.below(10) })
      judge(turn)
      // Killed between what it asked for and the answer.
      const gate = actor.gates.pending[0]
      if (gate && details.chance(0.7)) await gate.execute()
      actors[which] = createActor('ab'.charAt(which))
    },
    async race(details) {
      const both = actors.map((actor) => ({ actor, turn: start(actor) }))
      if (lease && details.chance(0.7)) await expire()
      while (both.some(({ turn }) => !turn.ended)) {
        const { actor, turn } = details.pick(both)
        await proceed(actor, turn, { details, awaits: 1 })
        if (details.chance(0.05)) await expire()
        if (details.chance(0.05)) changeChain(details)
        if (details.chance(0.3)) await collide(both)
      }
      for (const { turn } of both) judge(turn)
    },
    weather(details) {
      sky.weather = details.pick(WEATHERS)
    },
    databaseFaults(details) {
      faults = 1 + details.below(3)
    },
    async otherChain(details) {
      const before = (await readState(db, Number.MAX_SAFE_INTEGER)).cursor
      if (before.start_block === null) return
      await foreignFor(async () => {
        for (let turns = 1 + details.below(3); turns > 0; turns--)
          await wholeTurn(details.pick(actors), details)
      })
      const after = (await readState(db, Number.MAX_SAFE_INTEGER)).cursor
      // A range that was read ahead of our own chain may still be written.
      hold(
        'another chain takes nothing away',
        after.block_number >= before.block_number && after.finalized_number <= chain.finalized.number,
        () => JSON.stringify(after),
      )
    },
    timePasses: () => expire(),
    async subscribe(details) {
      const client = createClient(details.pick(QUERIES), details.chance(0.4), watch.committed)
      clients.push(client)
      await connect(client, details)
    },
    take(details) {
      for (const client of clients) if (details.chance(0.5)) client.take()
    },
    cut(details) {
      for (const client of clients) if (details.chance(0.5)) client.cut(details.below(2_000))
    },
    async comeBack(details) {
      for (const client of clients) if (!client.connected) await connect(client, details)
    },
    async prune(details) {
      // What is old enough to go was read by every server long ago.
      void api.poll()
      await api.settle(details, true)
      const upTo = FIRST_ID + details.below(watch.committed.lines.length + 1)
      await db.rows(sql`
        update feed set created_at = clock_timestamp() - interval '2 hours' where id <= ${upTo}::bigint`)
      await pruneFeed(db, 3600)
      const now = await readState(db, upTo)
      const prunedId = Math.max(watch.committed.prunedId, upTo)
      const kept = watch.committed.lines.filter((line) => line.id > prunedId)
      hold('pruning keeps what is young', now.feed.length === kept.length, () => JSON.stringify(now.feed))
      hold('pruning is remembered', now.cursor.pruned_id === prunedId, () => JSON.stringify(now.cursor))
      watch.committed.prunedId = now.cursor.pruned_id
    },
    async poll(details) {
      void api.poll()
      if (details.chance(0.5)) {
        // The answer is on its way while the feed goes on.
        await Promise.all(api.gates.pending.filter((gate) => !gate.executed).map((gate) => gate.execute()))
        chain.mine(someJobs(details))
        for (let turns = 2; turns > 0; turns--) await wholeTurn(details.pick(actors), details)
      }
      await api.settle(details, true)
    },
    async restartServer(details) {
      api.kill()
      for (const client of clients) client.cut(details.below(500))
      api = createApi(db)
    },
  }

  async function connect(client: Client, details: Random): Promise<void> {
    const connecting = client.connect(api)
    await api.settle(details, true)
    await connecting
  }

  async function foreignFor(run: () => Promise<void>): Promise<void> {
    sky.foreign = true
    await run()
    sky.foreign = false
  }

  async function expire(): Promise<void> {
    if (lease) lease.fresh = false
    const aside = random.chance(0.8) ? -60 : 3600
    await db.rows(sql`update cursor set checked_at = clock_timestamp() + ${aside}::int * interval '1 second'`)
  }

  /** Both processes' statements reach the database in the same moment. */
  async function collide(both: { actor: Actor }[]): Promise<void> {
    const gates = both.map(({ actor }) => actor.gates.pending[0])
    if (!gates.every((gate) => gate?.what === 'database' && !gate.executed)) return
    colliding = true
    await Promise.all(gates.map((gate) => gate?.execute()))
    colliding = false
    // Which of the two came first, only the database knows.
    const [row] = await db.rows(sql`
      select indexer, coalesce(
        abs(extract(epoch from clock_timestamp() - checked_at)) <= ${LEASE_SECONDS}::int, false) as fresh
      from cursor`)
    if (row?.indexer) lease = { holder: row.indexer as string, fresh: row.fresh as boolean }
  }

  try {
    for (const action of schedule.actions) {
      const details = createRandom(action.n)
      settleFinality()
      await actions[action.type](details)
      await api.settle(details, details.chance(0.5))
      for (const client of clients) if (!client.slow) client.take()
      hold(
        'the feed continues',
        !api.rebuilt(),
        () => 'streams were ended as if the database had been rebuilt',
      )
    }
    await end()
  } finally {
    api.kill()
  }

  /** Where the chain does not tell what is final, nothing goes below what is taken for it instead (256 blocks). */
  function settleFinality(): void {
    if (!sky.finalizedTag) chain.finalize(chain.head.number - 200)
  }

  /** The chain comes to rest, and all the rest with it. */
  async function end(): Promise<void> {
    sky.weather = CALM
    faults = 0
    // A head below the cursor on the cursor's own branch is a node that lags: one more block tells.
    for (let i = 0; i <= schedule.confirmations; i++) chain.mine([])
    settleFinality()
    await expire()
    let quiet = 0
    for (let turns = 0; quiet < 2; turns++) {
      hold('it reaches the head', turns < MANY_TURNS, () => JSON.stringify(watch.previous?.cursor))
      const ended = await wholeTurn(actors[0], random)
      quiet = 'outcome' in ended && ended.outcome === 'caught-up' ? quiet + 1 : 0
    }
    const { cursor } = watch.previous as NonNullable<Watch['previous']>
    let target = chain.head
    for (let i = 0; i < schedule.confirmations; i++) target = target.parent ?? target
    hold('the index is the canonical chain', cursor.block_hash === target.hash, () => JSON.stringify(cursor))
    void api.poll()
    await api.settle(random, false)
    for (const client of clients) {
      await drain(client)
      client.assertComplete(cursor.last_id)
      client.cut(0)
      await connect(client, random)
      await drain(client)
      client.assertComplete(cursor.last_id)
    }
    hold('the feed continues', !api.rebuilt(), () => 'streams were ended as if the database had been rebuilt')
  }

  /** Takes until nothing more comes. */
  async function drain(client: Client): Promise<void> {
    for (let last: number | undefined = -1; last !== client.lastEventId; ) {
      last = client.lastEventId
      client.take()
      await api.settle(random, false)
      client.take()
    }
  }
}
