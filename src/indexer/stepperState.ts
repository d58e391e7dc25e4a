import type { Header, Identity } from '../chain/source.ts'
import type { Cursor } from '../store/cursor.ts'
import type { IndexerContext } from './context.ts'
import { createFinalizedBlock } from './finalizedBlock.ts'
import { createHeadLogs } from './headLogs.ts'
import { createJobReader } from './jobReader.ts'
import { createRanges } from './ranges.ts'

/**
 * Blocks above `finalized` that one step indexes at most: about as many as Ethereum has there. With more, the
 * first events of a step would be late, and a failure would repeat more.
 */
export const HEAD_BLOCKS = 64

/** State of one process between steps. After a crash, none of it is needed. */
interface Memory {
  /**
   * the cursor that the latest step wrote; null if it must be read. If another process has moved it, a step
   * from it changes nothing
   */
  reached: Cursor | null
  /**
   * the newest cursor that this process has read or written; null if there was none. A cursor that is read later
   * with a lower revision shows that the database was restored. Source.head() gets its block number as `known`
   */
  seen: Cursor | null
  /** undefined until the endpoints have been asked which chain they are on */
  identity: Identity | undefined
  /** the chain's head as last read; null before the first step */
  head: Header | null
  /** blocks near the head that the next step indexes at most */
  headBlocks: number
}

export type StepperState = ReturnType<typeof createState>

/** Returns the state of a process that has taken no step yet. */
export function createState(context: IndexerContext) {
  const memory: Memory = {
    reached: null,
    seen: null,
    identity: undefined,
    head: null,
    headBlocks: HEAD_BLOCKS,
  }
  return {
    ...context,
    ...memory,
    takeRange: createRanges(context),
    logsOf: createHeadLogs(context),
    readFinalized: createFinalizedBlock(context),
    jobReader: createJobReader(context.db),
  }
}
