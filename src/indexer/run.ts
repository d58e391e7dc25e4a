import type { Logger } from 'pino'
import { retryAfterSeconds, rpcErrorText } from '../chain/errors.ts'
import { CannotIndexError, type Header, type Source } from '../chain/source.ts'
import { unwrap } from '../messages.ts'
import { acquireLease, releaseLease, renewLease } from '../store/cursor.ts'
import type { Database } from '../store/database.ts'
import type { Outcome } from './indexing.ts'

/** An indexer that said nothing for this long has lost its work to a standby. */
const LEASE_SECONDS = 8
/** How often the working one says so, and a standby looks. */
const BEAT_MS = 2_000
const FIRST_BACKOFF_MS = 100
const LAST_BACKOFF_MS = 10_000
/** A step that waits for a silent RPC is left alone: it commits whole or not at all. */
const STOP_MS = 4_000
/** An operator has to act: no need to ask often. */
const HALTED_MS = 15_000

export type IndexerState =
  | { name: 'starting' | 'working' | 'standby' | 'stopped' }
  | { name: 'failing' | 'halted'; reason: string }

export interface IndexerOptions {
  source: Source
  db: Database
  me: string
  pollIntervalMs: number
  converge: () => Promise<Outcome>
  /** Checks whether this process could take over (see setup.ts); false if there is nothing to compare with yet. */
  checkSetup?: () => Promise<boolean>
  /** the chain's head at the last look */
  head: () => Header | null
  log: Logger
}

export interface Indexer {
  state(): IndexerState
  /** Ends after the step under way, or soon where that hangs; the work is given back, so that a standby goes on at once. */
  stop(): Promise<void>
}

/**
 * Runs the indexer until it is stopped: one step after another while there is work, then at each new head, looking
 * at least every `pollIntervalMs`. No fault ends it. Of several processes one works; the others ask the database, not the chain.
 */
export function runIndexer({
  source,
  db,
  me,
  pollIntervalMs,
  converge,
  checkSetup = async () => true,
  head,
  log,
}: IndexerOptions): Indexer {
  let state: IndexerState = { name: 'starting' }
  let stopping = false
  let woken = false
  let endWait = () => {}
  let holding = false
  /** true where another process may have moved the cursor, or the database is not the one it was */
  let fresh = true
  /** performance.now() when this process last knew to hold the work; it goes on while the process is frozen */
  let heldAt = 0
  /** and when it last said so */
  let beatAt = Number.NEGATIVE_INFINITY
  let failures = 0
  /** true once a standby knows that it could take over; one that indexes is checked by converge() */
  let checked = false

  const wake = () => {
    woken = true
    endWait()
  }
  let unwatch: (() => void) | undefined

  async function loop(): Promise<void> {
    while (!stopping) {
      try {
        await turn()
        failures = 0
      } catch (error) {
        await wait(report(error), false)
      }
    }
    unwatch?.()
    if (holding) await releaseLease(db, me).catch(() => {})
    state = { name: 'stopped' }
  }

  async function turn(): Promise<void> {
    // Frozen or failing for so long, another may have taken it.
    if (state.name !== 'halted' && performance.now() - heldAt > LEASE_SECONDS * 1_000) holding = false
    if (!holding) {
      holding = await acquireLease(db, me, LEASE_SECONDS, fresh)
      if (!holding) {
        unwatch?.()
        unwatch = undefined
        if (!checked) checked = await checkSetup()
        enter({ name: 'standby' }, 'another process indexes; standing by')
        await wait(BEAT_MS, false)
        return
      }
      fresh = false
      heldAt = performance.now()
      beatAt = Number.NEGATIVE_INFINITY
      unwatch ??= source.watch(wake)
    }
    woken = false
    const outcome = await converge()
    enter({ name: 'working' }, 'indexing')
    if (outcome === 'raced') {
      holding = false
      fresh = true
    }
    if (outcome === 'moved' || outcome === 'arrived') heldAt = beatAt = performance.now()
    // Having arrived there is nothing to do either: another look would hold up what was just committed.
    if (outcome === 'caught-up' || outcome === 'arrived') await rest(pollIntervalMs)
  }

  /** Until the next look at the head; the work is kept meanwhile, however long that is. */
  async function rest(ms: number): Promise<void> {
    const end = performance.now() + ms
    do {
      if (performance.now() - beatAt > BEAT_MS) {
        holding = await renewLease(db, me, head(), LEASE_SECONDS)
        if (holding) heldAt = beatAt = performance.now()
      }
      await wait(Math.min(BEAT_MS, end - performance.now()), true)
    } while (holding && !stopping && !woken && performance.now() < end)
  }

  function enter(next: IndexerState, message: string): void {
    if (state.name !== next.name) log.info(message)
    state = next
  }

  /** @returns how long to leave the chain and the database alone, in milliseconds */
  function report(error: unknown): number {
    const reason = rpcErrorText(unwrap(error))
    failures++
    if (error instanceof CannotIndexError) {
      if (state.name !== 'halted') log.error({ endpoint: error.endpoint }, reason)
      state = { name: 'halted', reason }
      return HALTED_MS
    }
    state = { name: 'failing', reason }
    const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 10), LAST_BACKOFF_MS)
    const ms = (retryAfterSeconds(error) ?? 0) * 1000 || backoff * (0.5 + Math.random() / 2)
    // One failing RPC must not fill the disk with the same line.
    const level = (failures & (failures - 1)) === 0 ? 'warn' : 'debug'
    log[level]({ failures, retryInMs: Math.round(ms) }, `indexing failed, will retry: ${reason}`)
    return ms
  }

  /** Ends after `ms`, when stopped, or (where `wakeable`) when a new head is announced. */
  function wait(ms: number, wakeable: boolean): Promise<void> {
    if (stopping || (wakeable && woken)) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      function done() {
        clearTimeout(timer)
        endWait = () => {}
        resolve()
      }
      endWait = () => {
        if (wakeable || stopping) done()
      }
    })
  }

  const ended = loop()
  return {
    state: () => state,
    async stop() {
      stopping = true
      endWait()
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())])
    },
  }
}
