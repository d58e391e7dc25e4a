import type { Hex, RpcLog } from 'viem'
import { IncompleteAnswerError } from '../chain/source.ts'
import type { Contract } from '../contract/define.ts'
import { isMalformedLog } from '../contract/errors.ts'
import type { JobLog } from '../contract/job.ts'
import type { UnappliedLog } from '../store/writes.ts'

const HASH = /^0x[0-9a-f]{64}$/

/**
 * The logs of an answer as a node that tells the truth would give them: in chain order, each once, none removed.
 * @param hashes the hashes known for blocks of the range; a log of a known block must carry its hash
 * @throws IncompleteAnswerError where a log is from elsewhere, pending, or from another branch
 */
export function checkLogs(
  logs: RpcLog[],
  range: { from: number; to: number; address: Hex; topics: Set<Hex> },
  hashes: Map<number, Hex>,
): RpcLog[] {
  if (!Array.isArray(logs)) throw new IncompleteAnswerError('the RPC answered no list of logs')
  const found: RpcLog[] = []
  let inOrder = true
  const branch = new Map(hashes)
  for (const log of logs) {
    if (log.removed) continue
    const number = Number(log.blockNumber)
    if (log.blockNumber === null || log.logIndex === null || !(number >= range.from && number <= range.to))
      throw new IncompleteAnswerError(`a log of block ${number} in an answer for ${range.from}..${range.to}`)
    if (log.address.toLowerCase() !== range.address || !range.topics.has(log.topics[0] as Hex))
      throw new IncompleteAnswerError(`a log of another contract or event in block ${number}`)
    if (!HASH.test(log.blockHash ?? '') || !HASH.test(log.transactionHash ?? ''))
      throw new IncompleteAnswerError(`a log without block or transaction hash in block ${number}`)
    const expected = branch.get(number)
    if (expected === undefined) branch.set(number, log.blockHash as Hex)
    else if (expected !== log.blockHash)
      throw new IncompleteAnswerError(`a log of another branch at block ${number}`)
    const before = found.at(-1)
    inOrder &&= before === undefined || byPosition(before, log) < 0
    found.push(log)
  }
  // As good as every answer is in order; one that is not costs more.
  if (inOrder) return found
  return found.sort(byPosition).filter((log, i) => i === 0 || byPosition(found[i - 1] as RpcLog, log) < 0)
}

function byPosition(a: RpcLog, b: RpcLog): number {
  return Number(a.blockNumber) - Number(b.blockNumber) || Number(a.logIndex) - Number(b.logIndex)
}

/** Checked logs, decoded, in chain order. */
export interface DecodedLogs {
  decoded: JobLog[]
  malformed: UnappliedLog[]
}

/**
 * Decodes checked logs. A log that does not fit the ABI is set aside with the reason, never dropped.
 * @param timestamps unix seconds by block number, for logs that carry none of their own
 */
export function decodeLogs(contract: Contract, logs: RpcLog[], timestamps: Map<number, string>): DecodedLogs {
  const decoded: JobLog[] = []
  const malformed: UnappliedLog[] = []
  for (const log of logs) {
    try {
      const timestamp = timestamps.get(Number(log.blockNumber)) ?? timestampOf(log)
      if (timestamp === undefined)
        throw new IncompleteAnswerError(`no timestamp for block ${log.blockNumber}`)
      decoded.push(contract.decode(log, timestamp))
    } catch (error) {
      if (!isMalformedLog(error)) throw error
      malformed.push({ log, cause: 'malformed', reason: error.message })
    }
  }
  return { decoded, malformed }
}

/** The log's own `blockTimestamp` in decimal; undefined where a node gives none, or 0x0. */
export function timestampOf(log: RpcLog): string | undefined {
  const hex = (log as { blockTimestamp?: string | null }).blockTimestamp
  if (!hex || !/^0x[0-9a-f]{1,16}$/.test(hex)) return undefined
  const seconds = BigInt(hex)
  return seconds === 0n ? undefined : seconds.toString()
}
