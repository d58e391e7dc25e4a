import { setImmediate } from 'node:timers/promises'
import { CannotIndexError } from '../../src/chain/source.ts'
import type { Outcome, Report } from '../../src/indexer/context.ts'
import { createStepper } from '../../src/indexer/converge.ts'
import {
  createLease,
  dropIfExpired,
  dropLease,
  ensureLease,
  type Lease,
  noteRenewal,
  recordContactIfDue,
} from '../../src/indexer/lease.ts'
import { unwrap } from '../../src/messages.ts'
import { createDatabase, type Database } from '../../src/store/database.ts'
import { renewLease } from '../../src/store/lease.ts'
import { createRandom, type Random } from '../helpers/random.ts'
import { CONTRACT } from './chain.ts'
import { createGates, type Gates, release } from './gates.ts'
import { createSimSource } from './source.ts'
import { hold, InvariantError, same } from './state.ts'
import type { World } from './world.ts'

/** One process that indexes. */
export interface Actor {
  gates: Gates
  lease: Lease
  /** One turn of its loop, without the waits. */
  turn(): Promise<Outcome | 'standby'>
  /** The heartbeat of a step under way, if there is one, which renews the lease at once. */
  beat(): Promise<void>
}

type Ended = { outcome: Outcome | 'standby' } | { error: unknown }
export interface Turn {
  ended: Ended | undefined
}

/** Purpose of an indexer's statement. `execute` checks each purpose differently. */
type Purpose = 'query' | 'step' | 'acquire' | 'renew'

export function createActor(world: World, name: string): Actor {
  const indexerId = `${name}${world.random.below(1e9)}`
  const gates = createGates()
  const own = createRandom(world.random.below(2 ** 31))
  const databaseOf = (query: (...statement: Call['statement']) => Promise<unknown[]>): Database =>
    createDatabase({
      query: (...statement) => query(...statement) as ReturnType<World['store']['driver']['query']>,
      listen: async () => {},
      close: async () => {},
    })
  const databaseFor = (purpose: Purpose): Database =>
    databaseOf((...statement) =>
      gates.pass('database', () => execute(world, { purpose, indexerId, own, statement })),
    )
  // Only the step is a literal statement.
  const db: Database = { ...databaseFor('query'), run: databaseFor('step').run }
  const [acquiring, renewing] = [databaseFor('acquire'), databaseFor('renew')]
  const beating = databaseOf((...statement) =>
    execute(world, { purpose: 'renew', indexerId, own, statement }),
  )
  const stepper = createStepper({
    source: createSimSource(world.sky, gates, own),
    db,
    indexerId,
    address: CONTRACT,
    contract: world.definition.contract,
    startBlock: world.startBlock,
    confirmations: world.schedule.confirmations,
    pause: async () => {},
    now: () => (world.time += world.random.below(6_000)),
    report: { searchBegan() {}, advanced: assertCauses(world), rewound() {}, bloomMismatch() {} },
    // The first actor and the server are one process.
    onCommit: (commit, entries) => name === 'a' && world.api.takeCommit(commit, entries),
  })
  const lease = createLease(acquiring, indexerId)
  let stepping = false
  let failed = false
  return {
    gates,
    lease,
    async turn() {
      dropIfExpired(lease)
      lease.db = acquiring
      if (!(await ensureLease(lease))) {
        failed = false
        return 'standby'
      }
      stepping = true
      const at = performance.now()
      const outcome = await stepper
        .step()
        .catch((error) => {
          failed = true
          throw error
        })
        .finally(() => {
          stepping = false
        })
      failed = false
      if (outcome === 'conflicted') dropLease(lease)
      if (outcome === 'moved' || outcome === 'arrived') noteRenewal(lease, at)
      if (outcome !== 'caught-up') return outcome
      // At the head, the renewal is always due.
      lease.contactAt = Number.NEGATIVE_INFINITY
      lease.db = renewing
      await recordContactIfDue(lease, null)
      return outcome
    },
    async beat() {
      if (stepping && !failed) await renewLease(beating, indexerId).catch(() => {})
    },
  }
}

interface Call {
  purpose: Purpose
  indexerId: string
  own: Random
  statement: Parameters<World['store']['driver']['query']>
}

/** The database as an indexer finds it: a statement may get lost, or its answer. */
async function execute(world: World, { purpose, indexerId, own, statement }: Call): Promise<unknown[]> {
  const fault = world.faults > 0 && own.chance(0.5)
  if (fault) world.faults--
  if (fault && own.chance(0.5)) throw new Error('the database did not get the statement')
  const rows = await world.store.driver.query(...statement)
  const done = rows.length > 0
  const begun = world.watch.previous?.cursor.start_block != null
  if (purpose === 'step' || (purpose === 'acquire' && done) || !begun) await world.look()
  if (purpose === 'step' && done) world.lease = { holder: indexerId, fresh: true }
  if (purpose === 'acquire' || purpose === 'renew') {
    const { lease } = world
    const isMine = lease?.holder === indexerId
    const isFree = isMine || (purpose === 'acquire' && !lease?.fresh)
    if (!world.colliding)
      hold('one indexer holds the lease', isFree === done, () => JSON.stringify({ lease, indexerId, rows }))
    // A holder that acquires its own lease does not renew it.
    if (done) world.lease = { holder: indexerId, fresh: !(isMine && purpose === 'acquire') || lease.fresh }
  }
  if (fault) throw new Error('the answer of the database got lost')
  return rows
}

/** Checks that malformed logs and changes of unknown jobs are counted separately. */
function assertCauses({ watch, chain }: World): Report['advanced'] {
  return (_, { to, unapplied }) => {
    const causes = (list: { cause: string; block: number; logIndex: number }[]) =>
      list.map(({ cause, block, logIndex }) => `${block}/${logIndex} ${cause}`).sort()
    const expected = watch.expectations?.at(chain.byHash.get(to.hash) ?? null).unapplied ?? []
    const found = unapplied.map(({ raw, cause }) => ({
      cause,
      block: Number(raw.blockNumber),
      logIndex: Number(raw.logIndex),
    }))
    const first = Math.min(...found.map(({ block }) => block))
    same(
      'unapplied logs are counted by their cause',
      causes(found),
      causes(
        expected
          .filter(({ blockNumber }) => blockNumber >= first)
          .map(({ blockNumber, cause, log }) => ({ cause, block: blockNumber, logIndex: log.logIndex })),
      ),
    )
  }
}

/** Starts a turn. Its awaits complete only when they are released. */
export function start(actor: Actor): Turn {
  const turn: Turn = { ended: undefined }
  actor.turn().then(
    (outcome) => {
      turn.ended = { outcome }
    },
    (error) => {
      turn.ended = { error: unwrap(error) }
    },
  )
  return turn
}

/** Releases at most `awaits` awaits of a turn, by default all until its end. */
export async function proceed(
  actor: Actor,
  turn: Turn,
  { details, awaits = Number.POSITIVE_INFINITY }: { details: Random; awaits?: number },
): Promise<void> {
  for (let i = 0; i < awaits && !turn.ended; i++) {
    if (actor.gates.pending.length === 0) await setImmediate()
    if (turn.ended || actor.gates.pending.length === 0) continue
    await release(actor.gates, details, false)
  }
}

/** @throws the error of a turn if no simulated fault explains it */
export function judge(world: World, { ended }: Turn): void {
  if (!ended || !('error' in ended)) return
  const { error } = ended
  if (error instanceof InvariantError) throw error
  // An error of the code, or a statement that the database refuses. The simulation causes neither.
  if (error instanceof TypeError || error instanceof ReferenceError || (error as { code?: unknown }).code)
    throw error
  if (error instanceof CannotIndexError)
    hold('it halts on another chain only', world.sky.foreign, () => error.message)
}

export async function wholeTurn(world: World, actor: Actor, details: Random): Promise<Ended> {
  const turn = start(actor)
  await proceed(actor, turn, { details })
  judge(world, turn)
  return turn.ended as Ended
}
