import type { Hex, RpcLog } from 'viem'
import { accountsFor, bloomMayHold } from '../chain/bloom.ts'
import {
  CannotIndexError,
  type Header,
  type Identity,
  IncompleteAnswerError,
  RangeRefusedError,
  type Source,
} from '../chain/source.ts'
import type { Contract } from '../contract/define.ts'
import { type Cursor, readBlocks, readCursor } from '../store/cursor.ts'
import type { Database } from '../store/database.ts'
import { readJobs, readRewind } from '../store/jobs.ts'
import { type BlockRef, commitStep, type Step } from '../store/step.ts'
import { begin } from './begin.ts'
import { changedJobs, fold, rewindEntries } from './fold.ts'
import { checkLogs, type DecodedLogs, decodeLogs, timestampOf } from './logs.ts'
import { createRanges, type Range } from './ranges.ts'
import { assertSameSetup, chainOf } from './setup.ts'

/** Blocks above `finalized` taken in one step while catching up. */
const HEAD_BLOCKS = 64
/** Where the chain knows no finalized block: deeper than any reorg seen on a public chain. */
const ASSUMED_FINALITY = 256
/** `finalized` moves once in minutes; it is asked for this often. */
const FINALIZED_EVERY_MS = 10_000
/** Endpoints asked in one step for logs that a block's bloom announces. */
const BLOOM_ATTEMPTS = 3
/** Steps that fail for such a block, which takes some 20 s, before an RPC that cannot account for its bloom is believed. */
const BLOOM_DOUBTS = 8

export interface Indexing {
  source: Source
  db: Database
  /** this process, for the lease */
  me: string
  /** lower-case hex */
  address: Hex
  contract: Contract
  startBlock?: number | undefined
  confirmations: number
  /** waits; injected so that a model can skip it */
  pause(ms: number): Promise<void>
  /** milliseconds that only grow; injected for the same reason */
  now(): number
  report: Report
}

/** What an operator sees of the indexer: logs and metrics. */
export interface Report {
  head(head: Header): void
  advanced(cursor: Cursor, step: Step): void
  rewound(cursor: Cursor, step: Step): void
  bloomMismatch(header: Header): void
}

/**
 * caught-up: nothing new. moved: a step was committed; arrived: and it reached the head. raced: another process moved the
 * cursor first, or the database was restored from a backup.
 */
export type Outcome = 'caught-up' | 'moved' | 'arrived' | 'raced'

/**
 * Returns the one step of the indexer: from the stored cursor toward the head, forward or back to an ancestor. It keeps
 * nothing that matters: whatever fails, call it again.
 * @throws CannotIndexError where an operator must act; any other error is passing
 */
export function createConverge(ix: Indexing): () => Promise<Outcome> {
  const takeRange = createRanges(readRange)
  const topics = new Set(ix.contract.topics)
  /** where our last step ended: the next one need not read it, and changes nothing where it is no longer so */
  let reached: Cursor | null = null
  /** the last revision this process knows */
  let revision = 0
  let identity: Identity | undefined
  let finalized = { number: -1, readAt: Number.NEGATIVE_INFINITY }
  let doubt: { hash?: Hex; times: number } = { times: 0 }

  return async function converge() {
    if (!identity) identity = await ix.source.identify(await expectedIdentity())
    const from = reached
    reached = null
    const [cursor, head] = await Promise.all([from ?? readCursor(ix.db), ix.source.head()])
    const known = revision
    revision = cursor?.revision ?? 0
    // Steps are missing: feed ids of theirs must not be given out again.
    if (revision < known) return 'raced'
    ix.report.head(head)
    await refreshFinalized(cursor, head)
    if (!cursor) {
      await begin(ix, identity, head, finalized.number)
      return 'moved'
    }
    if (cursor.chainId !== identity.chainId || cursor.genesisHash !== identity.genesisHash)
      identity = await ix.source.identify(chainOf(cursor))
    assertSameSetup(ix, cursor)
    const target = head.number - ix.confirmations
    const next = cursor.blockNumber + 1
    if (target < next) return compareTip(cursor, head, target)
    // A step is silent or fed as a whole.
    const limit = cursor.silent ? Math.min(target, Math.max(next, cursor.feedFromBlock)) : target
    const final = Math.min(limit, finalized.number)
    return next < final ? takeFinalized(cursor, head, final) : takeHead(cursor, head, limit)
  }

  async function expectedIdentity(): Promise<Identity | null> {
    const cursor = await readCursor(ix.db)
    return cursor && chainOf(cursor)
  }

  /** What is final is believed of a node that has our block: not of another chain, nor while we are on an old branch. */
  async function refreshFinalized(cursor: Cursor | null, head: Header): Promise<void> {
    if (ix.now() - finalized.readAt < FINALIZED_EVERY_MS) return
    const [told, ours] = await Promise.all([ix.source.finalized(), cursor === null || hasBlockOf(cursor)])
    if (!ours) return
    // Nothing above the head is believed to be final: the cursor never gives up what it once took for final.
    const number = Math.min(told ?? head.number - ASSUMED_FINALITY, head.number)
    finalized = { number: Math.max(0, number), readAt: ix.now() }
  }

  async function hasBlockOf(cursor: Cursor): Promise<boolean> {
    const header = await ix.source.header(Math.max(0, cursor.blockNumber))
    return header?.hash === (cursor.blockNumber < 0 ? cursor.genesisHash : cursor.blockHash)
  }

  /** The head is not above the cursor: the same block, a node that lags, or a branch that is not longer. */
  async function compareTip(cursor: Cursor, head: Header, target: number): Promise<Outcome> {
    if (target < 0) return 'caught-up'
    const tip = target === head.number ? head : await ix.source.header(target)
    const local = target === cursor.blockNumber ? cursor.blockHash : await localHash(target)
    // Below all we remember: far behind, or the young chain of a devnet that was restarted.
    if (!local) await ix.source.identify(chainOf(cursor))
    return !tip || !local || local === tip.hash ? 'caught-up' : goBack(cursor, head)
  }

  /** Far behind: a range of blocks that no reorg can touch. */
  async function takeFinalized(cursor: Cursor, head: Header, limit: number): Promise<Outcome> {
    const from = cursor.blockNumber + 1
    const { first, last, ...logs } = await takeRange(from, limit)
    if (!follows(first, cursor)) return goBack(cursor, head)
    return commit(cursor, { to: last, blocks: [last], head }, logs)
  }

  /** A range as it is to be written. It is made where the answer comes, while the range before it is committed. */
  async function readRange(from: number, to: number): Promise<Range> {
    const { first, last, logs } = await ix.source.range(from, to)
    // Of several answers that came together, none holds up the commit under way.
    await ix.pause(0)
    if (!first || !last) throw new IncompleteAnswerError(`the node has not reached block ${to}`)
    const ends = new Map([
      [from, first.hash],
      [to, last.hash],
    ])
    const checked = checkLogs(logs, { from, to, address: ix.address, topics }, ends)
    return { first, last, ...decodeLogs(ix.contract, checked, await missingTimestamps(checked)) }
  }

  /** Above `finalized`: headers first, each the parent of the next, then the logs of exactly these blocks. */
  async function takeHead(cursor: Cursor, head: Header, limit: number): Promise<Outcome> {
    const from = cursor.blockNumber + 1
    const to = Math.min(limit, cursor.blockNumber + HEAD_BLOCKS)
    const headers = await readHeaders(from, to, head)
    const [first, last] = [headers[0] as Header, headers.at(-1) as Header]
    if (!follows(first, cursor)) return goBack(cursor, head)
    for (let i = 1; i < headers.length; i++)
      if (headers[i]?.parentHash !== headers[i - 1]?.hash)
        throw new IncompleteAnswerError(`block ${from + i} is not the child of the block before it`)
    const logs = await logsOf(headers)
    const timestamps = new Map(headers.map((header) => [header.number, header.timestamp]))
    const outcome = await commit(
      cursor,
      { to: last, blocks: headers, head },
      decodeLogs(ix.contract, logs, timestamps),
    )
    return outcome === 'moved' && to === head.number - ix.confirmations ? 'arrived' : outcome
  }

  async function readHeaders(from: number, to: number, head: Header): Promise<Header[]> {
    const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i)
    return Promise.all(
      numbers.map(async (number) => {
        const header = number === head.number ? head : await ix.source.header(number)
        if (header?.number !== number) throw new IncompleteAnswerError(`the node has no block ${number} yet`)
        return header
      }),
    )
  }

  async function logsOf(headers: Header[]): Promise<RpcLog[]> {
    const [first, last] = [headers[0] as Header, headers.at(-1) as Header]
    const range = { from: first.number, to: last.number, address: ix.address, topics }
    const hashes = new Map(headers.map((header) => [header.number, header.hash]))
    const answer = headers.length === 1 ? await ix.source.logs(first.hash) : await rangeOf(headers)
    const logs = checkLogs(answer, range, hashes)
    const found = new Set(logs.map((log) => `${log.blockHash} ${log.topics[0]}`))
    for (const header of headers) {
      const missing = ix.contract.topics.filter(
        (topic) =>
          !found.has(`${header.hash} ${topic}`) && bloomMayHold(header.logsBloom, [ix.address, topic]),
      )
      if (missing.length > 0) logs.push(...checkLogs(await askAgain(header, missing), range, hashes))
    }
    return checkLogs(logs, range, hashes)
  }

  /** The logs of headers in one request, or where that is too much, block by block. */
  async function rangeOf(headers: Header[]): Promise<RpcLog[]> {
    const [first, end] = [headers[0] as Header, headers.at(-1) as Header]
    try {
      const { last, logs } = await ix.source.range(first.number, end.number)
      if (last?.hash !== end.hash) throw new IncompleteAnswerError(`the node has no block ${end.number} yet`)
      return logs
    } catch (error) {
      if (!(error instanceof RangeRefusedError)) throw error
      return (await Promise.all(headers.map((header) => ix.source.logs(header.hash)))).flat()
    }
  }

  /**
   * A node that lags answers no logs for a block that has some. The bloom says that there may be logs of these topics, and
   * whether the block's other logs are the reason for it; another endpoint may have them.
   */
  async function askAgain(header: Header, missing: Hex[]): Promise<RpcLog[]> {
    let failure: unknown = new IncompleteAnswerError(
      `the RPC has not all logs that the bloom of block ${header.number} announces`,
    )
    for (let attempt = 1; attempt <= BLOOM_ATTEMPTS; attempt++) {
      try {
        const all = await ix.source.allLogs(header.hash, attempt)
        const ours = all.filter(isOurs)
        const explained = (topic: Hex) =>
          ours.some((log) => log.topics[0] === topic) || accountsFor(all, [ix.address, topic])
        if (missing.every(explained)) return ours
      } catch (error) {
        failure = error
      }
      await ix.pause(100 * attempt)
    }
    doubt = { hash: header.hash, times: doubt.hash === header.hash ? doubt.times + 1 : 1 }
    if (doubt.times < BLOOM_DOUBTS) throw failure
    ix.report.bloomMismatch(header)
    return []
  }

  function isOurs(log: RpcLog): boolean {
    return log.address.toLowerCase() === ix.address && topics.has(log.topics[0] as Hex)
  }

  /** The chain left our branch: back to the newest block both have. */
  async function goBack(cursor: Cursor, head: Header): Promise<Outcome> {
    // A devnet that was restarted looks like a reorg of everything.
    await ix.source.identify(chainOf(cursor))
    const local = await readBlocks(ix.db)
    // The local chain of a cursor that moved meanwhile says nothing of this one.
    if (local[0]?.hash !== cursor.blockHash) return 'raced'
    const ancestor = await commonAncestor(local, cursor, head)
    if (ancestor.number === cursor.blockNumber && ancestor.hash === cursor.blockHash)
      throw new IncompleteAnswerError(
        `the RPC contradicts itself about block ${cursor.blockNumber}: a reorg in progress`,
      )
    const { number, hash, timestamp } = ancestor
    const jobs = await readRewind(ix.db, number)
    // Another process may have moved the cursor meanwhile: what was read is then of no single moment.
    if ((await readCursor(ix.db))?.revision !== cursor.revision) return 'raced'
    const step: Step = {
      to: { number, hash, timestamp },
      // Its hash is new if the branch left below the start block.
      blocks: [{ number, hash }],
      finalizedNumber: cursor.finalizedNumber,
      head: null,
      jobs,
      changes: [],
      unapplied: [],
      entries: rewindEntries(jobs),
    }
    if (!(await commitStep(ix.db, ix.contract, cursor, ix.me, step))) return 'raced'
    ix.report.rewound(cursor, step)
    return 'moved'
  }

  async function commonAncestor(
    local: BlockRef[],
    cursor: Cursor,
    head: Header,
  ): Promise<Header | { number: number; hash: Hex; timestamp: string }> {
    for (const block of local) {
      if (block.number < 0) return { ...block, timestamp: '0' }
      const header = await ix.source.header(block.number)
      // A node that lags is no proof that the block is gone.
      if (!header && block.number <= head.number)
        throw new IncompleteAnswerError(`the node has no block ${block.number} yet`)
      if (header?.hash === block.hash) return header
      // Nothing was indexed below the start block, so its parent may be any block.
      if (header && block.number === cursor.startBlock - 1) return header
    }
    throw new CannotIndexError(
      `The chain was reorganised below block ${cursor.finalizedNumber}, which its RPC had called finalized: the index can not follow. ` +
        'Nothing was written. If the RPC is right now, start over with `jobcast reset`; if it is not, fix RPC_URL.',
    )
  }

  async function localHash(number: number): Promise<Hex | undefined> {
    return (await readBlocks(ix.db)).find((block) => block.number === number)?.hash
  }

  async function missingTimestamps(logs: RpcLog[]): Promise<Map<number, string>> {
    const missing = new Map<number, Hex>()
    for (const log of logs)
      if (timestampOf(log) === undefined) missing.set(Number(log.blockNumber), log.blockHash as Hex)
    const timestamps = await Promise.all(
      [...missing].map(async ([number, hash]): Promise<[number, string]> => {
        const header = await ix.source.header(number)
        if (header?.hash !== hash)
          throw new IncompleteAnswerError(`no header for the logs of block ${number}`)
        return [number, header.timestamp]
      }),
    )
    return new Map(timestamps)
  }

  async function commit(
    cursor: Cursor,
    { to, blocks, head }: { to: Header; blocks: BlockRef[]; head: Header },
    { decoded, malformed }: DecodedLogs,
  ): Promise<Outcome> {
    const finalizedNumber = Math.max(cursor.finalizedNumber, finalized.number)
    const known = await readJobs(ix.db, changedJobs(decoded))
    const folded = fold(known, decoded, { fed: !cursor.silent, finalizedNumber })
    const step: Step = {
      ...folded,
      to: { number: to.number, hash: to.hash, timestamp: to.timestamp },
      blocks: blocks.map(({ number, hash }) => ({ number, hash })),
      finalizedNumber,
      head: { number: head.number, timestamp: head.timestamp },
      unapplied: [...malformed, ...folded.unapplied],
    }
    reached = await commitStep(ix.db, ix.contract, cursor, ix.me, step)
    if (!reached) return 'raced'
    revision = reached.revision
    ix.report.advanced(cursor, step)
    return 'moved'
  }
}

/** Any chain's genesis block has the same parent, so that one is told by its hash. */
function follows(first: Header, cursor: Cursor): boolean {
  return first.number === 0 ? first.hash === cursor.genesisHash : first.parentHash === cursor.blockHash
}
