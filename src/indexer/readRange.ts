import type { Hex } from 'viem'
import { type Header, IncompleteAnswerError } from '../chain/source.ts'
import type { IndexerContext } from './context.ts'
import { checkLogs, type DecodedLogs, decodeLogs, type MinedLog, timestampOf } from './logs.ts'

/** The decoded logs of a range of blocks, with the headers of both ends. */
export interface RangeLogs extends DecodedLogs {
  first: Header
  last: Header
}

/**
 * Reads, checks and decodes the logs of a range of finalized blocks.
 * @throws IncompleteAnswerError if the node has not reached `to`, and what Source.range throws
 */
export async function readRange(context: IndexerContext, from: number, to: number): Promise<RangeLogs> {
  const { first, last, logs } = await context.source.range(from, to)
  // Several answers may arrive together. Each yields here, so that none delays the commit under way.
  await context.pause(0)
  if (!first || !last) throw new IncompleteAnswerError(`the node has not reached block ${to}`)
  const ends = new Map([
    [from, first.hash],
    [to, last.hash],
  ])
  const { address, contract } = context
  const checked = checkLogs(logs, { from, to, address, topics: contract.topics }, ends)
  return { first, last, ...decodeLogs(contract, checked, await missingTimestamps(context, checked)) }
}

/** Reads the timestamps of the blocks whose logs carry none, by block number. */
async function missingTimestamps({ source }: IndexerContext, logs: MinedLog[]): Promise<Map<number, string>> {
  const missing = new Map<number, Hex>()
  for (const log of logs)
    if (timestampOf(log) === undefined) missing.set(Number(log.blockNumber), log.blockHash)
  const headers = await source.headers([...missing.keys()])
  const timestamps = new Map<number, string>()
  for (const [i, [number, hash]] of [...missing].entries()) {
    const header = headers[i]
    if (header?.hash !== hash) throw new IncompleteAnswerError(`no header for the logs of block ${number}`)
    timestamps.set(number, header.timestamp)
  }
  return timestamps
}
