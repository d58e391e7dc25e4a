/** What any process sees of the index and of the feed, also before an indexer first reached the chain (nulls). */
export interface Position {
  /** the feed's last id */
  lastId: number
  /** the feed was pruned up to this id */
  prunedId: number
  chainId: number | null
  contract: string | null
  startBlock: number | null
  /** the block indexed last; unix seconds of it */
  blockNumber: number | null
  blockTimestamp: number | null
  /** the chain's head when an indexer last looked; unix seconds of it */
  headNumber: number | null
  headTimestamp: number | null
  /** seconds since an indexer last had an answer from the chain, by the database's clock */
  checkedAgo: number | null
  /** the process that indexes */
  indexer: string | null
  /** true while the contract's past is synced */
  silent: boolean
}

export interface Tally {
  strategyType: string
  jobs: number
  /** USDC with 6 fraction digits */
  budget: string
}

export interface Stats {
  byStrategy: Tally[]
  /** by hour of chain time (unix seconds of its beginning), oldest first, the last 7 days; hours without jobs are left out */
  hours: (Tally & { hour: string })[]
}

/** A chain makes blocks more often than this; a head that stands longer is an RPC that is stuck. */
const HEAD_STALL_SECONDS = 600

/**
 * Why the index is not fresh, in words; undefined where it is.
 * @param nowSeconds unix time
 */
export function staleness(position: Position, maxLagSeconds: number, nowSeconds: number): string | undefined {
  const { checkedAgo, blockNumber, headNumber, headTimestamp } = position
  if (checkedAgo === null || blockNumber === null || headNumber === null || headTimestamp === null)
    return 'no indexer has reached the chain yet'
  if (checkedAgo > maxLagSeconds)
    return `no indexer has had an answer from the chain for ${Math.round(checkedAgo)} s`
  if (position.silent) return `the contract's past is being indexed: at block ${blockNumber} of ${headNumber}`
  const lag = lagSeconds(position)
  if (lag > maxLagSeconds)
    return `the indexer is ${headNumber - blockNumber} blocks (${lag} s) behind the head`
  const headAge = nowSeconds - headTimestamp
  if (headAge > Math.max(HEAD_STALL_SECONDS, maxLagSeconds))
    return `the chain's head has not moved for ${Math.round(headAge)} s: the RPC may be stuck`
  return undefined
}

/** Blocks between the indexed one and the head. */
export function lagBlocks({ blockNumber, headNumber }: Position): number {
  return Math.max(0, (headNumber ?? 0) - (blockNumber ?? 0))
}

/** Seconds of chain time between the indexed block and the head. */
export function lagSeconds({ blockNumber, blockTimestamp, headNumber, headTimestamp }: Position): number {
  if (blockNumber === null || headNumber === null || blockNumber >= headNumber) return 0
  return Math.max(0, (headTimestamp ?? 0) - (blockTimestamp ?? 0))
}
