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
  /** Asks every reachable endpoint which chain it is on. Rejects with CannotIndexError if they disagree or are not on `expected`. */
  identify(expected: Identity | null): Promise<Identity>
  head(): Promise<Header>
  /** A block number that is final by all the endpoints say, and well below the head; null if no endpoint knows the tag. */
  finalized(): Promise<number | null>
  /** null where the node does not have that block (yet). */
  header(number: number): Promise<Header | null>
  /**
   * Our logs in `from..to`, with the headers of both ends from the same node: a node that has not reached `to` answers no
   * logs, and only its missing header tells. Rejects with RangeRefusedError if fewer blocks may help. A single block is
   * given however many logs it holds.
   */
  range(from: number, to: number): Promise<{ first: Header | null; last: Header | null; logs: RpcLog[] }>
  /** Our logs in one block, however many. */
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
 * and what to do. `/ready` shows it to anyone, so it names no host. Nothing is written while it lasts; it is looked at again
 * now and then.
 */
export class CannotIndexError extends Error {
  override name = 'CannotIndexError'
  /** scheme and host of the RPC that is at fault, for the operator's log */
  readonly endpoint: string | undefined

  constructor(message: string, { endpoint, ...options }: ErrorOptions & { endpoint?: string } = {}) {
    super(message, options)
    this.endpoint = endpoint
  }
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
