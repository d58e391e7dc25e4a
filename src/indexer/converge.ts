import type { Header } from '../chain/source.ts'
import { type Cursor, readBlockHash, readCursor } from '../store/cursor.ts'
import { begin } from './begin.ts'
import { indexBlocks, rewind, type StepStart } from './commit.ts'
import type { IndexerContext, Outcome } from './context.ts'
import { assertLinked, readHeaders } from './headerChain.ts'
import { decodeLogs } from './logs.ts'
import { assertSameSetup } from './setup.ts'
import { createState, HEAD_BLOCKS, type StepperState } from './stepperState.ts'

/**
 * Blocks by which each successful step raises `headBlocks`; a failed step halves it. A provider may allow fewer
 * requests a second than the headers of 64 blocks need.
 */
const HEAD_BLOCKS_GROWTH = 4

/** Takes the steps of one process. */
export interface Stepper {
  /**
   * Takes one step from the stored cursor toward the head: forward, or back to a common ancestor.
   * @throws CannotIndexError if an operator must act; any other error is temporary
   */
  step(): Promise<Outcome>
  /** Returns the chain's head as a step last read it; null before the first step. */
  head(): Header | null
}

export function createStepper(context: IndexerContext): Stepper {
  const state = createState(context)
  return {
    async step() {
      try {
        const outcome = await converge(state)
        state.headBlocks = Math.min(HEAD_BLOCKS, state.headBlocks + HEAD_BLOCKS_GROWTH)
        return outcome
      } catch (error) {
        state.headBlocks = Math.max(1, Math.floor(state.headBlocks / 2))
        throw error
      }
    },
    head: () => state.head,
  }
}

async function converge(state: StepperState): Promise<Outcome> {
  state.identity ??= await state.source.checkChain(noteSeen(state, await readCursor(state.db)))
  const { reached, seen } = state
  state.reached = null
  const [cursor, head] = await Promise.all([
    reached ?? readCursor(state.db).then((read) => noteSeen(state, read)),
    state.source.head(seen?.blockNumber ?? -1),
  ])
  // The database was restored from a backup. After `conflicted`, the lease is acquired again, which moves the
  // feed's last id past the ids of the lost steps.
  if (isOlder(cursor, seen)) {
    state.seen = cursor
    return 'conflicted'
  }
  state.head = head
  const finalized = await state.readFinalized(cursor, head)
  if (!cursor) {
    await begin(state, state.identity, head, finalized)
    return 'begun'
  }
  if (cursor.chainId !== state.identity.chainId || cursor.genesisHash !== state.identity.genesisHash)
    state.identity = await state.source.checkChain(cursor)
  assertSameSetup(state, cursor)
  return advance(state, { cursor, head, finalized })
}

/**
 * Records a cursor in `state.seen`, unless its revision is lower than the recorded one. A lower revision means that
 * the database was restored. The recorded cursor stays even if this step fails, so that a later step detects it.
 */
function noteSeen(state: StepperState, cursor: Cursor | null): Cursor | null {
  if (!isOlder(cursor, state.seen)) state.seen = cursor
  return cursor
}

function isOlder(cursor: Cursor | null, other: Cursor | null): boolean {
  return (cursor?.revision ?? 0) < (other?.revision ?? 0)
}

function advance(state: StepperState, start: StepStart): Promise<Outcome> {
  const { cursor, head, finalized } = start
  const target = head.number - state.confirmations
  const next = cursor.blockNumber + 1
  if (target < next) return compareTarget(state, cursor, head, target)
  // Either all logs of a step become feed entries or none, so no step crosses the block at which the
  // feed begins.
  const limit = cursor.silent ? Math.min(target, Math.max(next, cursor.feedFromBlock)) : target
  const final = Math.min(limit, finalized)
  // A single finalized block is indexed with the blocks above it, in one step.
  return next < final ? indexFinalized(state, start, final) : indexHead(state, start, limit)
}

/**
 * Handles a target that is not above the cursor. The local chain has this block, or the node lags, or the
 * chain has moved to another branch of the same or a smaller height.
 */
async function compareTarget(
  state: StepperState,
  cursor: Cursor,
  head: Header,
  target: number,
): Promise<Outcome> {
  if (target < 0) return 'caught-up'
  const header = target === head.number ? head : await state.source.header(target)
  const local = target === cursor.blockNumber ? cursor.blockHash : await readBlockHash(state.db, target)
  // The local chain does not reach down to the target: the node lags far, or a devnet was restarted. In the
  // second case this throws.
  if (!local) await state.source.checkChain(cursor)
  return !header || !local || local === header.hash ? 'caught-up' : rewind(state, cursor, head)
}

/** Indexes a range of finalized blocks, read in one request. */
async function indexFinalized(state: StepperState, start: StepStart, limit: number): Promise<Outcome> {
  const { cursor, head } = start
  const { first, last, ...logs } = await state.takeRange(cursor.blockNumber + 1, limit)
  if (!follows(first, cursor)) return rewind(state, cursor, head)
  return indexBlocks(state, start, [last], logs)
}

/**
 * Indexes blocks above `finalized`: headers first, each the child of the one before, then the logs of exactly
 * these blocks.
 */
async function indexHead(state: StepperState, start: StepStart, limit: number): Promise<Outcome> {
  const { cursor, head } = start
  const to = Math.min(limit, cursor.blockNumber + state.headBlocks)
  const wanted = await readHeaders(state, cursor.blockNumber + 1, to, head)
  if (!follows(wanted[0], cursor)) return rewind(state, cursor, head)
  assertLinked(wanted)
  const { headers, logs } = await state.logsOf(wanted)
  const timestamps = new Map(headers.map((header) => [header.number, header.timestamp]))
  const outcome = await indexBlocks(state, start, headers, decodeLogs(state.contract, logs, timestamps))
  const arrives = headers.length === wanted.length && to === head.number - state.confirmations
  return outcome === 'moved' && arrives ? 'arrived' : outcome
}

/**
 * Returns whether a block is the child of the cursor's block. Genesis blocks are compared by hash, because
 * those of all chains have the same parent.
 */
function follows(first: Header, cursor: Cursor): boolean {
  return first.number === 0 ? first.hash === cursor.genesisHash : first.parentHash === cursor.blockHash
}
