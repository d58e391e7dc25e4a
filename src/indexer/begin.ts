import type { Hex } from 'viem'
import { rpcFailureOf } from '../chain/errors.ts'
import {
  CannotIndexError,
  type Header,
  type Identity,
  IncompleteAnswerError,
  type Source,
} from '../chain/source.ts'
import { beginCursor } from '../store/cursor.ts'
import type { IndexerContext } from './context.ts'

const NO_BLOCK: Hex = `0x${'0'.repeat(64)}`

/**
 * Begins the index of a contract in a new database. The feed begins at the chain's head of this moment.
 * @throws CannotIndexError if there is no such contract, if its first block cannot be found, or if
 * START_BLOCK is above the head
 */
export async function begin(
  { source, db, address, contract, startBlock, report }: IndexerContext,
  { chainId, genesisHash }: Identity,
  head: Header,
  finalized: number,
): Promise<void> {
  if (!(await source.hasCode('latest')))
    throw new CannotIndexError(
      `There is no contract at ${address} on chain ${chainId}. Set CONTRACT_ADDRESS to a contract of this chain, or RPC_URL to its chain.`,
    )
  if (startBlock === undefined) report.searchBegan()
  // Not above the finalized block: a reorg could move the contract's creation further down.
  const first = startBlock ?? Math.min(await findFirstBlock(source, head.number), finalized)
  const before = await blockBefore(source, first, head)
  await beginCursor(db, contract, {
    chainId,
    genesisHash,
    contractAddress: address,
    startBlock: first,
    feedFromBlock: head.number,
    blockNumber: before.number,
    blockHash: before.hash,
    blockTimestamp: before.timestamp,
    finalizedNumber: finalized,
  })
}

/**
 * Reads the block below the first one to index. Below genesis it is block -1, with the hash that genesis
 * names as its parent.
 */
async function blockBefore(source: Source, first: number, head: Header) {
  if (first === 0) return { number: -1, hash: NO_BLOCK, timestamp: '0' }
  const header = await source.header(first - 1)
  if (header) return header
  if (first <= head.number)
    throw new IncompleteAnswerError(
      `the node has no block ${first - 1}: it lags, or it keeps no blocks that old. If this repeats, set RPC_URL to a node that keeps them, or START_BLOCK to a later block`,
    )
  throw new CannotIndexError(
    `START_BLOCK ${first} is above the chain's head. Set it to a block that exists, or leave it unset.`,
  )
}

/** Finds the first block at which the contract has code, by bisection: some 25 requests. */
async function findFirstBlock(source: Source, headNumber: number): Promise<number> {
  let without = -1
  let withCode = headNumber
  try {
    while (withCode - without > 1) {
      const middle = Math.floor((without + withCode) / 2)
      if (await source.hasCode(middle)) withCode = middle
      else without = middle
    }
  } catch (cause) {
    if (rpcFailureOf(cause) !== 'refused') throw cause
    throw new CannotIndexError(
      "The contract's first block cannot be found: this needs an RPC that keeps old state (an archive node). " +
        "Set START_BLOCK to the block of the contract's creation; a block explorer shows it.",
      { cause },
    )
  }
  return withCode
}
