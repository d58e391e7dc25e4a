import type { Hex, Log, RpcLog } from 'viem'
import { type LogFilter, matchesFilter } from '../chain/calls.ts'
import { IncompleteAnswerError } from '../chain/source.ts'
import type { Contract } from '../contract/define.ts'
import { isMalformedLog } from '../contract/errors.ts'
import type { JobLog } from '../contract/job.ts'
import type { UnappliedLog } from '../store/writes.ts'

const HASH = /^0x[0-9a-f]{64}$/

/** A log of a mined block, as a node gives it. */
export type MinedLog = Log<Hex, Hex, false>

/** Blocks, contract and events that the logs of an answer must belong to. */
interface Expected extends Required<LogFilter> {
  from: number
  to: number
}

/**
 * Checks the logs of an answer. Returns them in chain order, without duplicates and removed logs.
 * @param hashes by block number, of the blocks whose hash is known: a log of such a block must carry it
 * @throws IncompleteAnswerError if a log is of another range, contract, event or branch, or is pending
 */
export function checkLogs(logs: RpcLog[], expected: Expected, hashes: Map<number, Hex>): MinedLog[] {
  const found: MinedLog[] = []
  let inOrder = true
  const branch = new Map(hashes)
  for (const log of logs) {
    if (log.removed) continue
    assertExpected(log, expected)
    const number = Number(log.blockNumber)
    const hash = branch.get(number)
    if (hash === undefined) branch.set(number, log.blockHash)
    else if (hash !== log.blockHash)
      throw new IncompleteAnswerError(`a log of another branch at block ${number}`)
    inOrder &&= isAfter(log, found.at(-1))
    found.push(log)
  }
  // Nearly every answer is in order, and needs no sorting.
  return inOrder ? found : found.sort(byPosition).filter((log, i, sorted) => isAfter(log, sorted[i - 1]))
}

function assertExpected(log: RpcLog, expected: Expected): asserts log is MinedLog {
  const { from, to } = expected
  const number = Number(log.blockNumber)
  if (log.blockNumber === null || log.logIndex === null)
    throw new IncompleteAnswerError(`a pending log in an answer for the blocks ${from}..${to}`)
  if (!(number >= from && number <= to))
    throw new IncompleteAnswerError(`a log of block ${number} in an answer for the blocks ${from}..${to}`)
  if (!matchesFilter(log, expected))
    throw new IncompleteAnswerError(`a log of another contract or event in block ${number}`)
  if (!HASH.test(log.blockHash ?? '') || !HASH.test(log.transactionHash ?? ''))
    throw new IncompleteAnswerError(`a log without block or transaction hash in block ${number}`)
}

function isAfter(log: MinedLog, before: MinedLog | undefined): boolean {
  return before === undefined || byPosition(before, log) < 0
}

function byPosition(a: MinedLog, b: MinedLog): number {
  return Number(a.blockNumber) - Number(b.blockNumber) || Number(a.logIndex) - Number(b.logIndex)
}

/** Checked logs, decoded, in chain order. */
export interface DecodedLogs {
  decoded: JobLog[]
  malformed: UnappliedLog[]
}

/**
 * Decodes checked logs. A log that cannot be decoded is returned in `malformed` with the reason.
 * @param timestamps unix seconds by block number. For a block that is not among them, the log's own
 * `blockTimestamp` is used
 * @throws IncompleteAnswerError if a log has no timestamp at all
 */
export function decodeLogs(
  contract: Contract,
  logs: MinedLog[],
  timestamps: Map<number, string>,
): DecodedLogs {
  const decoded: JobLog[] = []
  const malformed: UnappliedLog[] = []
  for (const log of logs) {
    try {
      const timestamp = timestamps.get(Number(log.blockNumber)) ?? timestampOf(log)
      if (timestamp === undefined)
        throw new IncompleteAnswerError(`no timestamp for block ${Number(log.blockNumber)}`)
      decoded.push(contract.decode(log, timestamp))
    } catch (error) {
      if (!isMalformedLog(error)) throw error
      malformed.push({ raw: log, cause: 'malformed', reason: error.message })
    }
  }
  return { decoded, malformed }
}

/**
 * Returns the log's own `blockTimestamp`, in decimal unix seconds; undefined if the node gives none, or 0x0.
 */
export function timestampOf({ blockTimestamp }: MinedLog): string | undefined {
  if (!blockTimestamp || !/^0x[0-9a-f]{1,16}$/.test(blockTimestamp)) return undefined
  const seconds = BigInt(blockTimestamp)
  return seconds === 0n ? undefined : seconds.toString()
}
