import { CannotIndexError, type Header, IncompleteAnswerError } from '../chain/source.ts'
import { type Cursor, readCursor, readLocalChain } from '../store/cursor.ts'
import { readRewind } from '../store/jobs.ts'
import type { BlockRef, Step } from '../store/writes.ts'
import type { IndexerContext } from './context.ts'
import { rewindEntries } from './fold.ts'

/**
 * Makes the step back to the newest block that the database and the chain have in common.
 * @returns null if another process has moved the cursor
 * @throws CannotIndexError if they have none, or if the endpoint is on another chain
 */
export async function rewindStep(
  context: IndexerContext,
  cursor: Cursor,
  head: Header,
): Promise<Step | null> {
  // A devnet that was restarted looks like a reorg of everything.
  await context.source.checkChain(cursor)
  const local = await readLocalChain(context.db)
  if (local[0]?.hash !== cursor.blockHash) return null
  const to = await commonAncestor(context, local, cursor, head)
  if (to.number === cursor.blockNumber && to.hash === cursor.blockHash)
    throw new IncompleteAnswerError(
      `the RPC contradicts itself about block ${to.number}, as during a reorg. If this repeats, its nodes disagree: use another RPC`,
    )
  const jobs = await readRewind(context.db, to.number)
  // The jobs are those of `cursor` only if no other process has moved it between the two reads.
  if ((await readCursor(context.db))?.revision !== cursor.revision) return null
  return {
    to,
    // This hash is not stored yet if the chain forked below the start block.
    blocks: [{ number: to.number, hash: to.hash }],
    finalizedNumber: cursor.finalizedNumber,
    head,
    jobs,
    changes: [],
    unapplied: [],
    entries: cursor.silent ? [] : rewindEntries(jobs),
  }
}

async function commonAncestor(
  { source }: IndexerContext,
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
    `The chain was reorganized below block ${cursor.finalizedNumber}, which counted as finalized: the index cannot follow. ` +
      'Nothing was written. If RPC_URL names the right chain, start over with `jobcast reset`; otherwise correct RPC_URL.',
  )
}
