import { backoffMs } from '../chain/backoff.ts'
import { CannotIndexError } from '../chain/source.ts'
import { withDeadline } from '../deadline.ts'
import { messageOf } from '../messages.ts'
import type { IndexerContext, Outcome } from './context.ts'
import {
  createLease,
  dropIfExpired,
  dropLease,
  ensureLease,
  noteRenewal,
  RENEW_MS,
  recordContactIfDue,
  releaseIfHeld,
  withHeartbeat,
} from './lease.ts'
import { type IndexerOptions, type Runner, wait } from './runner.ts'
import { checkSetup } from './setup.ts'

/**
 * The first retry is soon, because most failures are short. The delay grows to 10 s, so a repaired RPC is found
 * within 10 s, unless it asked for a longer pause.
 */
const MIN_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 10_000
/** Retry interval after a failure that only an operator can fix. */
const HALTED_MS = 15_000
/**
 * How long a stop waits for the step under way. A step commits as a whole or not at all, so it may
 * be abandoned.
 */
const STOP_MS = 4_000
/**
 * Each time this many steps in a row have conflicted, a warning is logged. One or two are usual when the lease
 * changes hands.
 */
const MANY_CONFLICTS = 3

/**
 * Runs the indexer until it is stopped: step after step while there are new blocks, then a step at each new
 * head. No failure ends it. Of several processes on one database, one indexes. The others check their setup
 * against the chain once, and then query only the database.
 */
export function runIndexer(context: IndexerContext, options: IndexerOptions) {
  const runner: Runner = {
    ...options,
    context,
    state: { name: 'starting' },
    lease: createLease(context.db, context.indexerId),
    stopping: false,
    headAnnounced: false,
    interrupt() {},
    unwatch: undefined,
    failures: 0,
    conflicts: 0,
    setupChecked: false,
  }
  const ended = loop(runner)
  return {
    state: () => runner.state,
    /**
     * Ends after the step under way and releases the lease, so that a standby takes over at once. If the step
     * hangs, it returns after 4 s without releasing the lease, which then expires.
     */
    async stop() {
      runner.stopping = true
      runner.interrupt()
      await withDeadline(ended, STOP_MS, () => new Error('the step under way hangs')).catch(() => {})
    },
  }
}

async function loop(runner: Runner): Promise<void> {
  while (!runner.stopping) {
    try {
      await takeTurn(runner)
      runner.failures = 0
    } catch (error) {
      await wait(runner, noteFailure(runner, error))
    }
  }
  runner.unwatch?.()
  await releaseIfHeld(runner.lease)
}

async function takeTurn(runner: Runner): Promise<void> {
  const { lease, stepper } = runner
  // A halted indexer tries a step every 15 s. It does not acquire an expired lease again, because each
  // acquisition appends a jump to the feed. If another process has acquired the lease meanwhile, the step may
  // still be written, because it starts from the cursor as it is now. This process then holds the lease again.
  if (runner.state.name !== 'halted') dropIfExpired(lease)
  if (!(await ensureLease(lease))) return standBy(runner)
  watchHeads(runner)
  runner.headAnnounced = false
  const at = performance.now()
  // An indexer that fails lets its lease expire: the RPC of a standby may be better.
  const outcome = runner.failures === 0 ? await withHeartbeat(lease, stepper.step) : await stepper.step()
  enter(runner, 'working', 'indexing')
  noteConflicts(runner, outcome)
  if (outcome === 'conflicted') dropLease(lease)
  if (outcome === 'moved' || outcome === 'arrived') noteRenewal(lease, at)
  // After `arrived` there are no new blocks either. Reading the head again at once would delay the events
  // just committed.
  if (outcome === 'caught-up' || outcome === 'arrived') await rest(runner)
}

function noteConflicts(runner: Runner, outcome: Outcome): void {
  runner.conflicts = outcome === 'conflicted' ? runner.conflicts + 1 : 0
  if (runner.conflicts === 0) return
  const level = runner.conflicts % MANY_CONFLICTS === 0 ? 'warn' : 'debug'
  runner.log[level](
    { conflicts: runner.conflicts },
    'the step wrote nothing: another indexer moved the cursor first, or the database was restored. If this repeats, look for processes that are paused again and again, and for a database clock that jumps',
  )
}

function watchHeads(runner: Runner): void {
  runner.unwatch ??= runner.context.source.watch(() => {
    runner.headAnnounced = true
    runner.interrupt()
  })
}

async function standBy(runner: Runner): Promise<void> {
  runner.unwatch?.()
  runner.unwatch = undefined
  if (!runner.setupChecked) runner.setupChecked = await checkSetup(runner.context)
  enter(runner, 'standby', 'another process indexes; standing by')
  await wait(runner, RENEW_MS)
}

/** Waits until it is time to read the head again. The lease is renewed meanwhile. */
async function rest(runner: Runner): Promise<void> {
  const { lease, stepper, pollIntervalMs } = runner
  await recordContactIfDue(lease, stepper.head())
  if (lease.held) await withHeartbeat(lease, () => wait(runner, pollIntervalMs, true))
}

function enter(runner: Runner, name: 'working' | 'standby', message: string): void {
  if (runner.state.name !== name) runner.log.info(message)
  runner.state = { name }
}

/** Records a failed turn and logs it. @returns the milliseconds until the next one */
function noteFailure(runner: Runner, error: unknown): number {
  const { log, context } = runner
  const reason = messageOf(error)
  const failures = ++runner.failures
  if (error instanceof CannotIndexError) {
    if (runner.state.name !== 'halted') log.error({ endpoint: error.endpoint }, reason)
    runner.state = { name: 'halted', reason }
    return HALTED_MS
  }
  runner.state = { name: 'failing' }
  const ms = context.source.pauseMs() || backoffMs(failures, MIN_BACKOFF_MS, MAX_BACKOFF_MS)
  // Only the 1st, 2nd, 4th, 8th… failure in a row is a warning: a dead RPC must not fill the disk with copies
  // of one line.
  const level = (failures & (failures - 1)) === 0 ? 'warn' : 'debug'
  log[level]({ failures, retryInMs: Math.round(ms) }, `indexing failed, will retry: ${reason}`)
  return ms
}
