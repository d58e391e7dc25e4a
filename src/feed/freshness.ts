import type { Ping } from '../events.ts'
import type { IndexState } from '../store/state.ts'

/**
 * Returns the indexed and the finalized block as they are sent to clients. An unknown block is 0. The finalized
 * block is at most the indexed one.
 */
export function indexedOf({
  blockNumber,
  finalizedNumber,
}: Pick<IndexState, 'blockNumber' | 'finalizedNumber'>) {
  const indexed = Math.max(0, blockNumber ?? 0)
  return { blockNumber: indexed, finalizedNumber: Math.min(indexed, finalizedNumber ?? 0) }
}

/** The block indexed last, and the highest block that no reorg can touch. */
export type Indexed = ReturnType<typeof indexedOf>

/** Returns how fresh the server's data is, as `connected`, `ping` and the statistics say it. */
export function freshnessOf({ blockNumber, finalizedNumber }: Indexed): Ping {
  return {
    timestamp: new Date().toISOString(),
    blockNumber: String(blockNumber),
    finalizedBlockNumber: String(finalizedNumber),
  }
}
