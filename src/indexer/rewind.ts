import type { Hex } from 'viem'
import { CannotIndexError, type Header, IncompleteAnswerError } from '../chain/source.ts'
import { type Cursor, readBlocks, readCursor } from '../store/cursor.ts'
import { readRewind } from '../store/jobs.ts'
import { commitStep } from '../store/step.ts'
import type { BlockRef, Step } from '../store/writes.ts'
import { rewindEntries } from './fold.ts'
import type { Indexing, Outcome } from './indexing.ts'

/**
 * Moves the cursor back to the newest block that the database and the chain have in common.
 * @throws CannotIndexError if they have none, or if the endpoint is on another chain
 */
export async function rewind(ix: Indexing, cursor: Cursor, head: Header): Promise<Outcome> {
  // A devnet that was restarted looks like a reorg of everything.
  await ix.source.identify(cursor)
  const local = await readBlocks(ix.db)
  // Another process has moved the cursor.
  if (local[0]?.hash !== cursor.blockHash) return 'raced'
  const to = await commonAncestor(ix, local, cursor, head)
  if (to.number === cursor.blockNumber && to.hash === cursor.blockHash)
    throw new IncompleteAnswerError(
      `the RPC contradicts itself about block ${to.number}: a reorg in progress`,
    )
  const jobs = await readRewind(ix.db, to.number)
  // Without this check, the jobs could be those of a cursor that another process moved between the two reads.
  if ((await readCursor(ix.db))?.revision !== cursor.revision) return 'raced'
  const step: Step = {
    to,
    // This hash is not stored yet if the chain forked below the start block.
    blocks: [{ number: to.number, hash: to.hash }],
    finalizedNumber: cursor.finalizedNumber,
    head,
    jobs,
    changes: [],
    unapplied: [],
    entries: rewindEntries(jobs),
  }
  const committed = await commitStep(ix.db, ix.contract, cursor, ix.me, step)
  if (!committed) return 'raced'
  ix.onCommit(committed.cursor, committed.entries)
  ix.report.rewound(cursor, step)
  return 'moved'
}

async function commonAncestor(
  { source }: Indexing,
  local: BlockRef[],
  cursor: Cursor,
  head: Header,
): Promise<BlockRef & { timestamp: string }> {
  for (const block of local) {
    if (block.number < 0) return { ...block, timestamp: '0' }
    const header = await source.header(block.number)
    // A node that lags does not prove that the block is gone.
    if (!header && block.number <= head.number)
      throw new IncompleteAnswerError(`the node has no block ${block.number} yet`)
    if (header?.hash === block.hash) return header
    // Nothing was indexed below the start block, so its parent may be any block.
    if (header && block.number === cursor.startBlock - 1) return header
  }
  throw new CannotIndexError(
    `The chain was reorganised below block ${cursor.finalizedNumber}, which counted as finalized: the index cannot follow. ` +
      'Nothing was written. If RPC_URL names the right chain, start over with `jobcast reset`; otherwise correct RPC_URL.',
  )
}

/** The hash that the database holds for a block; undefined if it does not keep that block. */
export async function localHash({ db }: Indexing, number: number): Promise<Hex | undefined> {
  return (await readBlocks(db)).find((block) => block.number === number)?.hash
}
