import type { Header, Identity } from '../chain/source.ts'
import { type Cursor, readCursor } from '../store/cursor.ts'
import { commitStep } from '../store/step.ts'
import type { Step } from '../store/writes.ts'
import { begin } from './begin.ts'
import { createFinalized } from './finalized.ts'
import { changedJobs, fold } from './fold.ts'
import { assertLinked, createHeadLogs, type HeaderChain, readHeaders } from './headLogs.ts'
import type { Indexing, Outcome } from './indexing.ts'
import { createJobReader } from './jobReader.ts'
import { type DecodedLogs, decodeLogs } from './logs.ts'
import { createRanges } from './ranges.ts'
import { localHash, rewind } from './rewind.ts'
import { assertSameSetup } from './setup.ts'

/** Blocks above `finalized` that one step indexes at most while it catches up. */
const HEAD_BLOCKS = 64
/**
 * A provider may allow fewer requests a second than the headers of so many blocks need. So a failed step halves
 * the number, and each other step adds as many as this.
 */
const MORE_BLOCKS = 4

/** What the indexer of one process knows between steps. A crash loses nothing with it. */
interface Memory {
  /**
   * the cursor that the latest step wrote; null if it must be read. If another process has moved it, a step
   * from it changes nothing
   */
  reached: Cursor | null
  /** revision of the cursor that this process last saw; a lower one shows that the database was restored */
  revision: number
  /** undefined until the endpoints have been asked which chain they are on */
  identity: Identity | undefined
  /** the chain's head as last read; null before the first step */
  head: Header | null
  /** number of the block that the latest step found indexed; -1 before the first step */
  indexed: number
  /** blocks near the head that the next step indexes at most */
  headBlocks: number
}

type Converging = ReturnType<typeof createState>

/** The cursor that a step starts from, and what the step knows of the chain. */
interface StepStart {
  cursor: Cursor
  head: Header
  /** number of the highest finalized block */
  finalized: number
}

function createState(ix: Indexing) {
  const memory: Memory = {
    reached: null,
    revision: 0,
    identity: undefined,
    head: null,
    indexed: -1,
    headBlocks: HEAD_BLOCKS,
  }
  return {
    ...ix,
    ...memory,
    takeRange: createRanges(ix),
    logsOf: createHeadLogs(ix),
    readFinalized: createFinalized(ix),
    jobs: createJobReader(ix.db),
  }
}

/** Returns the step of the indexer, and a function that returns the chain's head as a step last read it. */
export function createConverge(indexing: Indexing) {
  const ix = createState(indexing)
  async function step(): Promise<Outcome> {
    try {
      const outcome = await converge(ix)
      ix.headBlocks = Math.min(HEAD_BLOCKS, ix.headBlocks + MORE_BLOCKS)
      return outcome
    } catch (error) {
      ix.headBlocks = Math.max(1, Math.floor(ix.headBlocks / 2))
      throw error
    }
  }
  return { step, head: () => ix.head }
}

/**
 * Takes one step from the stored cursor toward the head: forward, or back to a common ancestor.
 * @throws CannotIndexError if an operator must act; any other error is temporary
 */
async function converge(ix: Converging): Promise<Outcome> {
  ix.identity ??= await ix.source.identify(await readCursor(ix.db))
  const from = ix.reached
  ix.reached = null
  const [cursor, head] = await Promise.all([from ?? readCursor(ix.db), ix.source.head(ix.indexed)])
  const seen = ix.revision
  ix.revision = cursor?.revision ?? 0
  // The database was restored from a backup. After `raced`, the lease is acquired again, which moves the
  // feed's last id past the ids of the lost steps.
  if (ix.revision < seen) return 'raced'
  ix.head = head
  ix.indexed = cursor?.blockNumber ?? -1
  const finalized = await ix.readFinalized(cursor, head)
  if (!cursor) {
    await begin(ix, ix.identity, head, finalized)
    return 'moved'
  }
  if (cursor.chainId !== ix.identity.chainId || cursor.genesisHash !== ix.identity.genesisHash)
    ix.identity = await ix.source.identify(cursor)
  assertSameSetup(ix, cursor)
  return advance(ix, { cursor, head, finalized })
}

function advance(ix: Converging, from: StepStart): Promise<Outcome> {
  const { cursor, head, finalized } = from
  const target = head.number - ix.confirmations
  const next = cursor.blockNumber + 1
  if (target < next) return compareTip(ix, cursor, head, target)
  // Either all logs of a step become feed entries or none, so no step crosses the block at which the
  // feed begins.
  const limit = cursor.silent ? Math.min(target, Math.max(next, cursor.feedFromBlock)) : target
  const final = Math.min(limit, finalized)
  return next < final ? indexFinalized(ix, from, final) : indexHead(ix, from, limit)
}

/**
 * Handles a target that is not above the cursor. The local chain has this block, or the node lags, or the
 * chain has moved to another branch of the same or a smaller height.
 */
async function compareTip(ix: Converging, cursor: Cursor, head: Header, target: number): Promise<Outcome> {
  if (target < 0) return 'caught-up'
  const tip = target === head.number ? head : await ix.source.header(target)
  const local = target === cursor.blockNumber ? cursor.blockHash : await localHash(ix, target)
  // The target is below the local chain: the node lags far, or it is a devnet that was restarted.
  if (!local) await ix.source.identify(cursor)
  return !tip || !local || local === tip.hash ? 'caught-up' : rewind(ix, cursor, head)
}

/** Indexes a range of finalized blocks, read in one request. */
async function indexFinalized(ix: Converging, from: StepStart, limit: number): Promise<Outcome> {
  const { cursor, head } = from
  const { first, last, ...logs } = await ix.takeRange(cursor.blockNumber + 1, limit)
  if (!follows(first, cursor)) return rewind(ix, cursor, head)
  return commit(ix, from, [last], logs)
}

/**
 * Indexes blocks above `finalized`: headers first, each the child of the one before, then the logs of exactly
 * these blocks.
 */
async function indexHead(ix: Converging, from: StepStart, limit: number): Promise<Outcome> {
  const { cursor, head } = from
  const to = Math.min(limit, cursor.blockNumber + ix.headBlocks)
  const wanted = await readHeaders(ix, cursor.blockNumber + 1, to, head)
  if (!follows(wanted[0], cursor)) return rewind(ix, cursor, head)
  assertLinked(wanted)
  const { headers, logs } = await ix.logsOf(wanted)
  const timestamps = new Map(headers.map((header) => [header.number, header.timestamp]))
  const outcome = await commit(ix, from, headers, decodeLogs(ix.contract, logs, timestamps))
  const arrives = headers.length === wanted.length && to === head.number - ix.confirmations
  return outcome === 'moved' && arrives ? 'arrived' : outcome
}

/** Every chain's genesis block has the same parent, so genesis blocks are compared by hash. */
function follows(first: Header, cursor: Cursor): boolean {
  return first.number === 0 ? first.hash === cursor.genesisHash : first.parentHash === cursor.blockHash
}

/** Writes one step: the blocks up to the last of `headers`, with their logs. */
async function commit(
  ix: Converging,
  { cursor, head, finalized }: StepStart,
  headers: HeaderChain,
  { decoded, malformed }: DecodedLogs,
): Promise<Outcome> {
  const finalizedNumber = Math.max(cursor.finalizedNumber, finalized)
  const stored = await ix.jobs.read(cursor, changedJobs(decoded))
  const folded = fold(stored, decoded, { fed: !cursor.silent, finalizedNumber })
  const step: Step = {
    ...folded,
    to: headers.at(-1) ?? headers[0],
    blocks: headers.map(({ number, hash }) => ({ number, hash })),
    finalizedNumber,
    head,
    unapplied: [...malformed, ...folded.unapplied],
  }
  const committed = await commitStep(ix.db, ix.contract, cursor, ix.me, step)
  if (!committed) return 'raced'
  ix.reached = committed.cursor
  ix.revision = ix.reached.revision
  ix.jobs.wrote(ix.reached, step.jobs)
  ix.onCommit(committed.cursor, committed.entries)
  ix.report.advanced(cursor, step)
  return 'moved'
}
