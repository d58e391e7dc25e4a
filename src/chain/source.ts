import type { Hex, RpcLog } from 'viem'

/** A block header; numbers are JS numbers, the timestamp unix seconds in decimal. */
export interface Header {
  number: number
  hash: Hex
  parentHash: Hex
  timestamp: string
  logsBloom: Hex
}

/** What tells one chain from another, also one devnet from the next on the same port. */
export interface Identity {
  chainId: number
  genesisHash: Hex
}

/**
 * A chain as its RPC endpoints tell it: possibly late, partial, doubled or contradictory. Nothing is checked
 * here; the indexer does that. Every method rejects where no endpoint answers.
 */
export interface Source {
  /** Asks every reachable endpoint who it is. Rejects with CannotIndexError where they disagree or are not `expected`. */
  identify(expected: Identity | null): Promise<Identity>
  head(): Promise<Header>
  /** The finalized block's number; null where the chain does not know the tag. */
  finalized(): Promise<number | null>
  /** null where the node does not have that block (yet). */
  header(number: number): Promise<Header | null>
  /**
   * Our logs in `from..to`, with the headers of both ends asked in the same breath: a node that has not reached
   * `to` answers no logs, and only its missing header tells. Rejects with RangeRefusedError where fewer blocks may help.
   */
  range(from: number, to: number): Promise<{ first: Header | null; last: Header | null; logs: RpcLog[] }>
  /** Our logs in one block. */
  logs(blockHash: Hex): Promise<RpcLog[]>
  /** Every contract's logs in one block. `attempt` 0, 1, 2… goes around the endpoints. */
  allLogs(blockHash: Hex, attempt: number): Promise<RpcLog[]>
  /** Whether the contract has code at a block. Rejects with NoStateError where the endpoint has forgotten. */
  hasCode(block: number | 'latest'): Promise<boolean>
  /** Calls `onHead` when an endpoint announces a new head; a wake-up only, it may stay silent for ever. */
  watch(onHead: () => void): () => void
  close(): Promise<void>
}

/**
 * Indexing must not go on: another chain, another contract, a reorg below the local chain. The message says what was found
 * and what to do. Nothing is written while it lasts; it is looked at again now and then.
 */
export class CannotIndexError extends Error {
  override name = 'CannotIndexError'
}

/** The endpoint did not give the logs of a range; a smaller one may be given. */
export class RangeRefusedError extends Error {
  override name = 'RangeRefusedError'
}

/** The endpoint does not keep the state of so old a block: it is no archive node. */
export class NoStateError extends Error {
  override name = 'NoStateError'
}

/** The endpoint answered, but not what a node that has the block would: ask again. */
export class IncompleteAnswerError extends Error {
  override name = 'IncompleteAnswerError'
}
