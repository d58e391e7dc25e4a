import type { Logger } from 'pino'
import type { IndexerContext } from './context.ts'
import type { Stepper } from './converge.ts'
import type { Lease } from './lease.ts'

type RunnerState =
  | { name: 'starting' | 'working' | 'standby' | 'failing' }
  | { name: 'halted'; reason: string }

export interface IndexerOptions {
  /** the chain's head is read at least this often */
  pollIntervalMs: number
  stepper: Stepper
  log: Logger
}

/** State of a running indexer. */
export interface Runner extends IndexerOptions {
  context: IndexerContext
  state: RunnerState
  lease: Lease
  stopping: boolean
  /** true if a new head was announced since the latest step began */
  headAnnounced: boolean
  /**
   * Ends the wait under way if the indexer is stopped, or if the wait is for a new head and one
   * was announced.
   */
  interrupt(): void
  /** Ends the subscription to new heads; undefined if there is none. */
  unwatch: (() => void) | undefined
  /** failed turns in a row */
  failures: number
  /** steps in a row that conflicted */
  conflicts: number
  /**
   * true after a standby has checked that it could take over; an indexer that works is checked by each step
   */
  setupChecked: boolean
}

/** Waits `ms`, or until the indexer is stopped or, if `forHead`, a new head is announced. */
export function wait(runner: Runner, ms: number, forHead = false): Promise<void> {
  return new Promise((resolve) => {
    const isOver = () => runner.stopping || (forHead && runner.headAnnounced)
    if (isOver()) return resolve()
    const timer = setTimeout(resolve, ms)
    runner.interrupt = () => {
      if (!isOver()) return
      clearTimeout(timer)
      resolve()
    }
  })
}
