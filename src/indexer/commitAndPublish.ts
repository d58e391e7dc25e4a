import type { Cursor } from '../store/cursor.ts'
import { commitStep } from '../store/step.ts'
import type { Step } from '../store/writes.ts'
import type { IndexerContext } from './context.ts'

/**
 * Commits a step, and passes the new cursor and the feed entries to `onCommit`.
 * @returns the cursor after the step; null if another process has moved the cursor or acquired the lease first
 */
export async function commitAndPublish(
  { db, contract, indexerId, onCommit }: IndexerContext,
  cursor: Cursor,
  step: Step,
): Promise<Cursor | null> {
  const committed = await commitStep(db, contract, cursor, indexerId, step)
  if (!committed) return null
  onCommit(committed.cursor, committed.entries)
  return committed.cursor
}
