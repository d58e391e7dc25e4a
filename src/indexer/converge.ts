import type { RpcLog } from 'viem'
import { type Header, type Identity, IncompleteAnswerError } from '../chain/source.ts'
import { type Cursor, readCursor } from '../store/cursor.ts'
import { readJobs } from '../store/jobs.ts'
import { commitStep } from '../store/step.ts'
import type { BlockRef, Step } from '../store/writes.ts'
import { begin } from './begin.ts'
import { createFinalized } from './finalized.ts'
import { readRange } from './finalRange.ts'
import { changedJobs, fold } from './fold.ts'
import { createHeadLogs, readHeaders } from './headLogs.ts'
import type { Indexing, Outcome } from './indexing.ts'
import { type DecodedLogs, decodeLogs } from './logs.ts'
import { createRanges, type TakeRange } from './ranges.ts'
import { goBack, localHash } from './reorg.ts'
import { assertSameSetup, chainOf } from './setup.ts'

/** Blocks above `finalized` taken in one step while catching up. */
const HEAD_BLOCKS = 64

/** The indexer of one process. What it knows between steps only saves requests: after any failure, the next step is right. */
interface Converging extends Indexing {
  takeRange: TakeRange
  logsOf(headers: Header[]): Promise<RpcLog[]>
  readFinalized(cursor: Cursor | null, head: Header): Promise<number>
  /** the cursor that the latest step wrote; a step from a cursor that has moved since changes nothing */
  reached: Cursor | null
  /** the newest revision of the cursor this process has seen */
  revision: number
  /** of the chain, once its endpoints were asked */
  identity: Identity | undefined
  /** the chain's head when it was read last */
  head: Header | null
}

/** A step's blocks, and the head at that moment. */
interface Advance {
  cursor: Cursor
  head: Header
  /** the highest finalized block */
  finalized: number
}

/** Returns the step of the indexer, and the chain's head when a step read it last. */
export function createConverge(indexing: Indexing) {
  const ix: Converging = {
    ...indexing,
    takeRange: createRanges((from, to) => readRange(indexing, from, to)),
    logsOf: createHeadLogs(indexing),
    readFinalized: createFinalized(indexing),
    reached: null,
    revision: 0,
    identity: undefined,
    head: null,
  }
  return { step: () => converge(ix), head: () => ix.head }
}

/**
 * Takes one step from the stored cursor toward the head: forward, or back to a common ancestor.
 * @throws CannotIndexError if an operator must act; any other error is passing
 */
async function converge(ix: Converging): Promise<Outcome> {
  ix.identity ??= await ix.source.identify(await expectedIdentity(ix))
  const from = ix.reached
  ix.reached = null
  const [cursor, head] = await Promise.all([from ?? readCursor(ix.db), ix.source.head()])
  const known = ix.revision
  ix.revision = cursor?.revision ?? 0
  // The database was restored from a backup. Feed ids of the lost steps must not be given out again.
  if (ix.revision < known) return 'raced'
  ix.head = head
  const finalized = await ix.readFinalized(cursor, head)
  if (!cursor) {
    await begin(ix, ix.identity, head, finalized)
    return 'moved'
  }
  if (cursor.chainId !== ix.identity.chainId || cursor.genesisHash !== ix.identity.genesisHash)
    ix.identity = await ix.source.identify(chainOf(cursor))
  assertSameSetup(ix, cursor)
  const target = head.number - ix.confirmations
  const next = cursor.blockNumber + 1
  if (target < next) return compareTip(ix, cursor, head, target)
  // A step is fed as a whole, or not at all.
  const limit = cursor.silent ? Math.min(target, Math.max(next, cursor.feedFromBlock)) : target
  const final = Math.min(limit, finalized)
  const advance = { cursor, head, finalized }
  return next < final ? takeFinalized(ix, advance, final) : takeHead(ix, advance, limit)
}

async function expectedIdentity({ db }: Indexing): Promise<Identity | null> {
  const cursor = await readCursor(db)
  return cursor && chainOf(cursor)
}

/** The head is not above the cursor: it is the same block, the node lags, or another branch is not longer. */
async function compareTip(ix: Converging, cursor: Cursor, head: Header, target: number): Promise<Outcome> {
  if (target < 0) return 'caught-up'
  const tip = target === head.number ? head : await ix.source.header(target)
  const local = target === cursor.blockNumber ? cursor.blockHash : await localHash(ix, target)
  // Below the local chain: the node is far behind, or it is the young chain of a devnet that was restarted.
  if (!local) await ix.source.identify(chainOf(cursor))
  return !tip || !local || local === tip.hash ? 'caught-up' : goBack(ix, cursor, head)
}

/** Far below the head: a range of finalized blocks, in one request. */
async function takeFinalized(ix: Converging, advance: Advance, limit: number): Promise<Outcome> {
  const { cursor, head } = advance
  const { first, last, ...logs } = await ix.takeRange(cursor.blockNumber + 1, limit)
  if (!follows(first, cursor)) return goBack(ix, cursor, head)
  return commit(ix, advance, [last], logs)
}

/** Above `finalized`: headers first, each the child of the one before, then the logs of exactly these blocks. */
async function takeHead(ix: Converging, advance: Advance, limit: number): Promise<Outcome> {
  const { cursor, head } = advance
  const from = cursor.blockNumber + 1
  const to = Math.min(limit, cursor.blockNumber + HEAD_BLOCKS)
  const headers = await readHeaders(ix, from, to, head)
  const first = headers[0] as Header
  if (!follows(first, cursor)) return goBack(ix, cursor, head)
  for (let i = 1; i < headers.length; i++)
    if (headers[i]?.parentHash !== headers[i - 1]?.hash)
      throw new IncompleteAnswerError(`block ${from + i} is not the child of the block before it`)
  const logs = await ix.logsOf(headers)
  const timestamps = new Map(headers.map((header) => [header.number, header.timestamp]))
  const outcome = await commit(ix, advance, headers, decodeLogs(ix.contract, logs, timestamps))
  return outcome === 'moved' && to === head.number - ix.confirmations ? 'arrived' : outcome
}

/** Every chain's genesis block has the same parent, so genesis blocks are compared by hash. */
function follows(first: Header, cursor: Cursor): boolean {
  return first.number === 0 ? first.hash === cursor.genesisHash : first.parentHash === cursor.blockHash
}

/** Writes one step: the blocks up to the last of `headers`, with their logs. */
async function commit(
  ix: Converging,
  { cursor, head, finalized }: Advance,
  headers: Header[],
  { decoded, malformed }: DecodedLogs,
): Promise<Outcome> {
  const finalizedNumber = Math.max(cursor.finalizedNumber, finalized)
  const known = await readJobs(ix.db, changedJobs(decoded))
  const folded = fold(known, decoded, { fed: !cursor.silent, finalizedNumber })
  const { number, hash, timestamp } = headers.at(-1) as Header
  const step: Step = {
    ...folded,
    to: { number, hash, timestamp },
    blocks: headers.map((header): BlockRef => ({ number: header.number, hash: header.hash })),
    finalizedNumber,
    head: { number: head.number, timestamp: head.timestamp },
    unapplied: [...malformed, ...folded.unapplied],
  }
  ix.reached = await commitStep(ix.db, ix.contract, cursor, ix.me, step)
  if (!ix.reached) return 'raced'
  ix.revision = ix.reached.revision
  ix.report.advanced(cursor, step)
  return 'moved'
}
