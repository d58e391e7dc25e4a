import type { Hex, RpcLog } from 'viem'

/** A block header; the timestamp is unix seconds in decimal. */
export interface Header {
  number: number
  hash: Hex
  parentHash: Hex
  timestamp: string
  logsBloom: Hex
}

/** Identifies a chain. A restarted devnet on the same port has another genesis hash. */
export interface Identity {
  chainId: number
  genesisHash: Hex
}

/**
 * A chain as its RPC endpoints describe it: the answers may be late, partial, duplicated or contradictory.
 * The indexer checks them; a source checks only which chain they come from. Every read rejects if no
 * endpoint answers.
 */
export interface Source {
  /**
   * Asks the endpoints in service which chain they are on. If none is in service, asks those that are set aside.
   * From then on, all must be on that chain.
   * @param expected null: the chain of the first endpoint in RPC_URL that answers
   * @throws CannotIndexError if one of them is on another chain
   */
  checkChain(expected: Identity | null): Promise<Identity>
  /**
   * Reads the chain's head. Endpoints that stay at or below a known block for 30 s are set aside if others are
   * above it.
   * @param known the highest block that the caller knows to exist; -1 if it knows none
   */
  head(known: number): Promise<Header>
  /**
   * Reads the number of a block that no reorg can remove: the finalized block of the endpoints, but at least
   * 64 blocks below the head. Null until a reading before the latest one has found it.
   */
  finalized(): Promise<number | null>
  /** Reads a header; null if the node does not have that block (yet). */
  header(number: number): Promise<Header | null>
  /** Reads several headers, in the order of the numbers. They may come from different nodes. */
  headers(numbers: number[]): Promise<(Header | null)[]>
  /**
   * Reads the contract's logs in `from..to`, with the headers of both ends from the same node: a node that
   * has not reached `to` returns no logs, and only its missing header shows it. The logs of a single block
   * are complete, however many they are.
   * @throws RpcError, of which `mayFitSmaller` (errors.ts) says whether fewer blocks may help;
   * IncompleteAnswerError if no endpoint has both ends
   */
  range(from: number, to: number): Promise<{ first: Header | null; last: Header | null; logs: RpcLog[] }>
  /** Reads the contract's logs in one block, by its hash, however many. */
  logs(block: Header): Promise<RpcLog[]>
  /**
   * Reads the logs of all contracts in one block, by its hash. Successive attempts (0, 1, 2…) ask the
   * endpoints in turn.
   */
  allLogs(block: Header, attempt: number): Promise<RpcLog[]>
  /**
   * Returns whether the contract has code at a block.
   * @throws RpcError of a refusal if the endpoint does not keep that block's state: it is not an archive node
   */
  hasCode(block: number | 'latest'): Promise<boolean>
  /** Returns the milliseconds for which every endpoint wants no request (Retry-After); 0 if one accepts them. */
  pauseMs(): number
  /**
   * Calls `onHead` when an endpoint announces a new head. It may never do so: poll as well. The returned
   * function unsubscribes.
   */
  watch(onHead: () => void): () => void
  close(): void
}

/**
 * Indexing must not go on until an operator acts: the settings, the chain and the database do not fit
 * together. The message says what was found and what to do. `/ready` shows it to anyone, so it names no
 * host. Nothing is written until a later check succeeds.
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

/** The answer is incomplete, or contradicts another one. The same request may succeed later. */
export class IncompleteAnswerError extends Error {
  override name = 'IncompleteAnswerError'
}
