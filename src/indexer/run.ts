import type { Logger } from 'pino'
import { retryAfterSeconds } from '../chain/errors.ts'
import { CannotIndexError, type Header, type Source } from '../chain/source.ts'
import { messageOf } from '../messages.ts'
import type { Database } from '../store/database.ts'
import { acquireLease, releaseLease, renewLease } from '../store/lease.ts'
import type { Outcome } from './indexing.ts'

/** A standby takes the lease of an indexer that has not renewed it for this long. */
const LEASE_SECONDS = 8
/** How often the lease is renewed, and how often a standby tries to acquire it. */
const RENEW_MS = 2_000
const FIRST_BACKOFF_MS = 100
const LAST_BACKOFF_MS = 10_000
/** How long a stop waits for the step under way. A step commits as a whole or not at all, so it may be abandoned. */
const STOP_MS = 4_000
/** Retry interval after a failure that only an operator can fix. */
const HALTED_MS = 15_000

export type IndexerState =
  | { name: 'starting' | 'working' | 'standby' | 'stopped' }
  | { name: 'failing' | 'halted'; reason: string }

export interface IndexerOptions {
  source: Source
  db: Database
  /** id of this process, for the lease */
  me: string
  /** the chain's head is read at least this often */
  pollIntervalMs: number
  /** one step toward the head (see converge.ts) */
  step(): Promise<Outcome>
  /** the chain's head when it was read last */
  head(): Header | null
  /** Checks whether this process could take over (see setup.ts); false if there is no index to compare with yet. */
  checkSetup?(): Promise<boolean>
  log: Logger
}

export interface Indexer {
  state(): IndexerState
  /** Ends after the step under way, or after 4 s if it hangs. Releases the lease, so that a standby takes over at once. */
  stop(): Promise<void>
}

interface Runner extends IndexerOptions {
  state: IndexerState
  stopping: boolean
  /** true if a new head was announced since the latest step began */
  headAnnounced: boolean
  /** Ends the wait under way, if there is one and it may end. */
  endWait(): void
  /** Ends the subscription to new heads; undefined if there is none. */
  unwatch: (() => void) | undefined
  /** whether this process holds the lease, as far as it knows */
  holding: boolean
  /** true if another process may have moved the cursor, or the database may have been restored, since the last step */
  fresh: boolean
  /** performance.now() when the lease was last known to be held; the clock goes on while the process is frozen */
  heldAt: number
  /** performance.now() when the lease was last renewed */
  renewedAt: number
  failures: number
  /** true once a standby has checked that it could take over; a working indexer is checked by each step */
  checked: boolean
}

/**
 * Runs the indexer until it is stopped: step after step while there are new blocks, then at each new head. No failure ends it.
 * Of several processes on one database one works. The others query the database, not the chain.
 */
export function runIndexer(options: IndexerOptions): Indexer {
  const runner: Runner = {
    ...options,
    state: { name: 'starting' },
    stopping: false,
    headAnnounced: false,
    endWait() {},
    unwatch: undefined,
    holding: false,
    fresh: true,
    heldAt: 0,
    renewedAt: Number.NEGATIVE_INFINITY,
    failures: 0,
    checked: false,
  }
  const ended = loop(runner)
  return {
    state: () => runner.state,
    async stop() {
      runner.stopping = true
      runner.endWait()
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())])
    },
  }
}

async function loop(runner: Runner): Promise<void> {
  while (!runner.stopping) {
    try {
      await turn(runner)
      runner.failures = 0
    } catch (error) {
      await wait(runner, fail(runner, error), false)
    }
  }
  runner.unwatch?.()
  if (runner.holding) await releaseLease(runner.db, runner.me).catch(() => {})
  runner.state = { name: 'stopped' }
}

async function turn(runner: Runner): Promise<void> {
  // Another process may have acquired the lease while this one was frozen or failing.
  if (runner.state.name !== 'halted' && performance.now() - runner.heldAt > LEASE_SECONDS * 1_000)
    runner.holding = false
  if (!runner.holding && !(await acquire(runner))) return standBy(runner)
  runner.headAnnounced = false
  const outcome = await runner.step()
  enter(runner, { name: 'working' }, 'indexing')
  if (outcome === 'raced') {
    runner.holding = false
    runner.fresh = true
  }
  if (outcome === 'moved' || outcome === 'arrived') runner.heldAt = runner.renewedAt = performance.now()
  // After arriving there are no new blocks either. Reading the head at once would delay what was just committed.
  if (outcome === 'caught-up' || outcome === 'arrived') await rest(runner)
}

async function acquire(runner: Runner): Promise<boolean> {
  runner.holding = await acquireLease(runner.db, runner.me, LEASE_SECONDS, runner.fresh)
  if (!runner.holding) return false
  runner.fresh = false
  runner.heldAt = performance.now()
  runner.renewedAt = Number.NEGATIVE_INFINITY
  runner.unwatch ??= runner.source.watch(() => {
    runner.headAnnounced = true
    runner.endWait()
  })
  return true
}

async function standBy(runner: Runner): Promise<void> {
  runner.unwatch?.()
  runner.unwatch = undefined
  if (!runner.checked) runner.checked = (await runner.checkSetup?.()) ?? true
  enter(runner, { name: 'standby' }, 'another process indexes; standing by')
  await wait(runner, RENEW_MS, false)
}

/** Waits until the head is to be read again, and renews the lease meanwhile. */
async function rest(runner: Runner): Promise<void> {
  const end = performance.now() + runner.pollIntervalMs
  do {
    if (performance.now() - runner.renewedAt > RENEW_MS) {
      runner.holding = await renewLease(runner.db, runner.me, runner.head(), LEASE_SECONDS)
      if (runner.holding) runner.heldAt = runner.renewedAt = performance.now()
    }
    await wait(runner, Math.min(RENEW_MS, end - performance.now()), true)
  } while (runner.holding && !runner.stopping && !runner.headAnnounced && performance.now() < end)
}

function enter(runner: Runner, next: IndexerState, message: string): void {
  if (runner.state.name !== next.name) runner.log.info(message)
  runner.state = next
}

/** Logs a failed turn. @returns the milliseconds until the next one */
function fail(runner: Runner, error: unknown): number {
  const { log } = runner
  const reason = messageOf(error)
  const failures = ++runner.failures
  if (error instanceof CannotIndexError) {
    if (runner.state.name !== 'halted') log.error({ endpoint: error.endpoint }, reason)
    runner.state = { name: 'halted', reason }
    return HALTED_MS
  }
  runner.state = { name: 'failing', reason }
  const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 10), LAST_BACKOFF_MS)
  const ms = (retryAfterSeconds(error) ?? 0) * 1000 || backoff * (0.5 + Math.random() / 2)
  // Only the 1st, 2nd, 4th, 8th… failure in a row is a warning: a dead RPC must not fill the disk with one line.
  const level = (failures & (failures - 1)) === 0 ? 'warn' : 'debug'
  log[level]({ failures, retryInMs: Math.round(ms) }, `indexing failed, will retry: ${reason}`)
  return ms
}

/** Waits `ms`, or until the indexer is stopped or, if `forHead`, a new head is announced. */
function wait(runner: Runner, ms: number, forHead: boolean): Promise<void> {
  if (runner.stopping || (forHead && runner.headAnnounced)) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      runner.endWait = () => {}
      resolve()
    }
    const timer = setTimeout(done, ms)
    runner.endWait = () => {
      if (forHead || runner.stopping) done()
    }
  })
}
