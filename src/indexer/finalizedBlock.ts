import type { Header } from '../chain/source.ts'
import type { Cursor } from '../store/cursor.ts'
import type { IndexerContext } from './context.ts'

/**
 * Depth of the finalized block on a chain whose nodes do not know the tag: reorgs are shallower, 51 %
 * attacks aside.
 */
const ASSUMED_DEPTH = 256
/** How often the finalized block is read: it moves every few minutes. */
const REREAD_MS = 10_000

/**
 * Returns a function that reads the number of the finalized block; -1 until one is known. It reads the header at
 * the cursor's height at the same time. If that header has another hash, the cursor is on an abandoned branch, and
 * the answer is ignored. The two requests may reach different nodes.
 */
export function createFinalizedBlock({ source, now }: IndexerContext) {
  let latest = { number: -1, readAt: Number.NEGATIVE_INFINITY }

  async function hasBlockOf(cursor: Cursor): Promise<boolean> {
    const header = await source.header(Math.max(0, cursor.blockNumber))
    return header?.hash === (cursor.blockNumber < 0 ? cursor.genesisHash : cursor.blockHash)
  }

  return async function readFinalized(cursor: Cursor | null, head: Header): Promise<number> {
    if (now() - latest.readAt < REREAD_MS) return latest.number
    const [answer, ours] = await Promise.all([source.finalized(), cursor === null || hasBlockOf(cursor)])
    if (!ours) return latest.number
    // Not above the head, because a stored finalized block is never lowered.
    const number = Math.min(answer ?? head.number - ASSUMED_DEPTH, head.number)
    latest = { number: Math.max(0, number), readAt: now() }
    return latest.number
  }
}
