import type { Header } from '../chain/source.ts'
import type { Cursor } from '../store/cursor.ts'
import { commitStep } from '../store/step.ts'
import type { Step } from '../store/writes.ts'
import type { Outcome } from './context.ts'
import { fold, jobIdsToRead } from './fold.ts'
import type { HeaderChain } from './headerChain.ts'
import type { DecodedLogs } from './logs.ts'
import { rewindStep } from './rewind.ts'
import type { StepperState } from './stepperState.ts'

/** The cursor that a step starts from, and what the step knows of the chain. */
export interface StepStart {
  cursor: Cursor
  head: Header
  /** number of the highest finalized block */
  finalized: number
}

/** Takes a step forward: the blocks up to the last of `headers`, with their logs. */
export async function indexBlocks(
  state: StepperState,
  start: StepStart,
  headers: HeaderChain,
  logs: DecodedLogs,
): Promise<Outcome> {
  const step = await stepOf(state, start, headers, logs)
  const cursor = await commit(state, start.cursor, step)
  if (!cursor) return 'conflicted'
  state.jobReader.keep(cursor, step.jobs)
  state.report.advanced(start.cursor, step)
  return 'moved'
}

/** Takes a step back to the newest block that the local chain and the chain have in common. */
export async function rewind(state: StepperState, cursor: Cursor, head: Header): Promise<Outcome> {
  const step = await rewindStep(state, cursor, head)
  if (!step || !(await commit(state, cursor, step))) return 'conflicted'
  state.report.rewound(cursor, step)
  return 'moved'
}

/**
 * Writes a step, and passes the new cursor and the feed entries to `onCommit`.
 * @returns the cursor after the step; null if another process has moved the cursor or acquired the lease first
 */
async function commit(state: StepperState, from: Cursor, step: Step): Promise<Cursor | null> {
  const committed = await commitStep(state.db, state.contract, from, state.indexerId, step)
  if (!committed) return null
  const { cursor, entries } = committed
  state.onCommit(cursor, entries)
  state.reached = cursor
  state.seen = cursor
  return cursor
}

/**
 * Builds the step that moves the cursor to the last of `headers`: reads the jobs that the logs name, and folds the
 * logs over them.
 */
async function stepOf(
  { jobReader }: StepperState,
  { cursor, head, finalized }: StepStart,
  headers: HeaderChain,
  { decoded, malformed }: DecodedLogs,
): Promise<Step> {
  const finalizedNumber = Math.max(cursor.finalizedNumber, finalized)
  const stored = await jobReader.read(cursor, jobIdsToRead(decoded))
  const folded = fold(stored, decoded, { silent: cursor.silent, finalizedNumber })
  return {
    ...folded,
    to: headers.at(-1) ?? headers[0],
    blocks: headers.map(({ number, hash }) => ({ number, hash })),
    finalizedNumber,
    head,
    unapplied: [...malformed, ...folded.unapplied],
  }
}
