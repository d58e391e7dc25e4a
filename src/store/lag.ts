import type { Config } from '../config.ts'
import type { IndexState } from './state.ts'

/**
 * Returns the reason why the index is not fresh, or undefined if it is. Lag is measured against the target,
 * the block that is `confirmations` below the head. A head that stands still is not a lag: a chain
 * without transactions may make no blocks.
 */
export function staleness(
  state: IndexState,
  { maxLagSeconds, confirmations }: Pick<Config, 'maxLagSeconds' | 'confirmations'>,
): string | undefined {
  const { checkedAgo, blockNumber, blockTimestamp, headNumber, headTimestamp } = state
  if (checkedAgo === null || blockNumber === null || headNumber === null || headTimestamp === null)
    return 'no indexer has reached the chain yet'
  if (checkedAgo > maxLagSeconds)
    return `no indexer has had an answer from the chain for ${Math.round(checkedAgo)} s`
  if (state.readOnly) return 'the database takes no writes'
  const blocks = lagBlocks(state, confirmations)
  // `silent` alone is not a lag. It ends when the index reaches the block that was the head when indexing began.
  // With CONFIRMATIONS, that takes as many new blocks, and a quiet chain may make none.
  if (state.silent && blocks > 0)
    return `the contract's past is being indexed: at block ${blockNumber} of ${headNumber}`
  const seconds = lagSeconds(state, confirmations)
  if (seconds > maxLagSeconds) return `the index lags by ${blocks} blocks (${seconds} s)`
  if (headNumber < blockNumber && Number(blockTimestamp) - Number(headTimestamp) > maxLagSeconds)
    return `the RPC lags: its head is block ${headNumber}, and block ${blockNumber} is indexed already`
  return undefined
}

/** Returns the number of blocks between the indexed one and the target. */
export function lagBlocks({ blockNumber, headNumber }: IndexState, confirmations: number): number {
  return Math.max(0, (headNumber ?? 0) - confirmations - (blockNumber ?? 0))
}

/**
 * Returns the seconds of chain time between the same two blocks, interpolated: blocks up to the head are taken
 * as evenly spaced.
 */
export function lagSeconds(state: IndexState, confirmations: number): number {
  const blocks = lagBlocks(state, 0)
  if (blocks === 0) return 0
  const seconds = Math.max(0, Number(state.headTimestamp ?? 0) - Number(state.blockTimestamp ?? 0))
  return Math.round((seconds * lagBlocks(state, confirmations)) / blocks)
}
