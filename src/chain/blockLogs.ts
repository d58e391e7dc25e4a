import type { Hex, RpcLog, RpcTransactionReceipt } from 'viem'
import { isRefusal, isTooLarge, mayFitSmaller, rpcErrorText } from './errors.ts'
import type { AnswerSize } from './pool.ts'
import { IncompleteAnswerError } from './source.ts'
import type { Call } from './transport.ts'

/** The logs that are wanted: none of its fields means all of them. */
export interface LogFilter {
  address?: Hex
  topics?: [Hex[]]
}

/** Sends the call for a block's logs, perhaps with others before it. The last result is the one of `call`. */
type Ask = (call: Call, size: AnswerSize) => Promise<unknown[]>

/**
 * Reads the logs of one block, however many: a block cannot be asked for in parts. An answer beyond the usual size is asked
 * for with a larger limit. If the node refuses to give so many logs, the block's receipts are asked for, which providers do not
 * limit.
 * @param block hash or number
 * @param onLarge called if the block's logs did not come in the usual way
 * @returns the results of `ask`, the last of them the logs
 * @throws IncompleteAnswerError that names the block if its logs come in none of these ways
 */
export async function readBlockLogs(
  ask: Ask,
  { block, filter }: { block: Hex; filter: LogFilter },
  onLarge: (blockNumber: number, logs: number) => void,
): Promise<unknown[]> {
  const at = block.length === 66 ? { blockHash: block } : { fromBlock: block, toBlock: block }
  const call = { method: 'eth_getLogs', params: [{ ...filter, ...at }] }
  try {
    return await ask(call, 'logs')
  } catch (error) {
    if (!isTooLarge(error) && !isRefusal(error)) throw error
    try {
      const results = isTooLarge(error)
        ? await ask(call, 'large')
        : await readReceipts(ask, { block, filter })
      const logs = results.at(-1) as RpcLog[]
      if (logs.length > 0) onLarge(Number(logs[0]?.blockNumber), logs.length)
      return results
    } catch (failure) {
      if (!mayFitSmaller(failure) && !(failure instanceof IncompleteAnswerError)) throw failure
      // The first failure tells more: a node that does not know the block has no receipts of it either.
      throw new IncompleteAnswerError(`the logs of block ${block} cannot be read: ${rpcErrorText(error)}`, {
        cause: failure,
      })
    }
  }
}

async function readReceipts(
  ask: Ask,
  { block, filter }: { block: Hex; filter: LogFilter },
): Promise<unknown[]> {
  const results = await ask({ method: 'eth_getBlockReceipts', params: [block] }, 'large')
  const receipts = results.at(-1) as RpcTransactionReceipt[] | null
  if (!Array.isArray(receipts)) throw new IncompleteAnswerError(`no receipts of block ${block}`)
  const logs = receipts.flatMap((receipt) => receipt.logs as RpcLog[]).filter((log) => isWanted(log, filter))
  return [...results.slice(0, -1), logs]
}

function isWanted(log: RpcLog, { address, topics }: LogFilter): boolean {
  return (
    (!address || log.address.toLowerCase() === address) &&
    (!topics || topics[0].includes(log.topics[0] as Hex))
  )
}
