import type { Header } from '../chain/source.ts'
import type { Cursor } from '../store/cursor.ts'
import type { Indexing } from './indexing.ts'

/** Depth of the finalized block on a chain that names none: deeper than any reorg seen on a public chain. */
const ASSUMED_FINALITY = 256
/** `finalized` moves every few minutes; it is requested this often. */
const EVERY_MS = 10_000

/**
 * Returns a function that gives the highest finalized block, or -1 while none is known. An answer counts only if the node has
 * our block: a node on another chain, or any node while we are on an abandoned branch, is ignored.
 */
export function createFinalized({ source, now }: Pick<Indexing, 'source' | 'now'>) {
  let known = { number: -1, readAt: Number.NEGATIVE_INFINITY }

  async function hasBlockOf(cursor: Cursor): Promise<boolean> {
    const header = await source.header(Math.max(0, cursor.blockNumber))
    return header?.hash === (cursor.blockNumber < 0 ? cursor.genesisHash : cursor.blockHash)
  }

  return async function readFinalized(cursor: Cursor | null, head: Header): Promise<number> {
    if (now() - known.readAt < EVERY_MS) return known.number
    const [told, ours] = await Promise.all([source.finalized(), cursor === null || hasBlockOf(cursor)])
    if (!ours) return known.number
    // No block above the head is taken as finalized: the cursor never lowers a finalized block it has stored.
    const number = Math.min(told ?? head.number - ASSUMED_FINALITY, head.number)
    known = { number: Math.max(0, number), readAt: now() }
    return known.number
  }
}
