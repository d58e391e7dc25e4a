import type { Hex, RpcLog } from 'viem'
import { IncompleteAnswerError } from '../chain/source.ts'
import { decode, type JobRecord, MalformedLogError } from '../job.ts'
import type { Advance } from '../store/step.ts'

const HASH = /^0x[0-9a-f]{64}$/

/**
 * The logs of an answer as a node that tells the truth would give them: in chain order, each once, none removed.
 * @param hashes the hashes known for blocks of the range; a log of a known block must carry its hash
 * @throws IncompleteAnswerError where a log is from elsewhere, pending, or from another branch
 */
export function checkLogs(
  logs: RpcLog[],
  range: { from: number; to: number; contract: Hex; topic: Hex },
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
    if (log.address.toLowerCase() !== range.contract || log.topics[0] !== range.topic)
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

/**
 * Decodes checked logs. A log that does not fit the ABI is set aside with the reason, never dropped.
 * @param timestamps unix seconds by block number, for logs that carry none of their own
 */
export function decodeLogs(
  logs: RpcLog[],
  timestamps: Map<number, string>,
): Pick<Advance, 'jobs' | 'malformed'> {
  const jobs: JobRecord[] = []
  const malformed: Advance['malformed'] = []
  for (const log of logs) {
    try {
      const timestamp = timestamps.get(Number(log.blockNumber)) ?? timestampOf(log)
      if (timestamp === undefined)
        throw new IncompleteAnswerError(`no timestamp for block ${log.blockNumber}`)
      jobs.push(decode(log, timestamp))
    } catch (error) {
      if (!(error instanceof MalformedLogError)) throw error
      malformed.push({ log, reason: error.message })
    }
  }
  return { jobs, malformed }
}

/** The log's own `blockTimestamp` in decimal; undefined where a node gives none, or 0x0. */
export function timestampOf(log: RpcLog): string | undefined {
  const hex = (log as { blockTimestamp?: string | null }).blockTimestamp
  if (!hex || !/^0x[0-9a-f]{1,16}$/.test(hex)) return undefined
  const seconds = BigInt(hex)
  return seconds === 0n ? undefined : seconds.toString()
}
