import type { Hex, RpcLog } from 'viem'
import { messageOf } from '../messages.ts'
import { blockLogsCall, type Call, type LogFilter, receiptLogsCall } from './calls.ts'
import { mayFitSmaller, rpcFailureOf } from './errors.ts'
import type { AnswerSize } from './member.ts'
import { IncompleteAnswerError } from './source.ts'

/** Sends a call for a block's logs, perhaps with other calls that the same node must answer. */
type AskLogs<Answer> = (call: Call<RpcLog[]>, size: AnswerSize) => Promise<Answer>

/**
 * Reads the logs of one block, however many: a block cannot be requested in parts. If the answer exceeds the
 * usual size, it is requested again with a larger limit. If the node refuses to return so many logs, they are
 * taken from the block's receipts, which providers do not limit.
 * @param block requested by its hash if it has one, else by its number
 * @param onLarge called if the logs needed the larger limit or the receipts
 * @throws IncompleteAnswerError that names the block if none of these ways returns its logs
 */
export async function readBlockLogs<Answer extends { logs: RpcLog[] }>(
  ask: AskLogs<Answer>,
  { block, filter }: { block: { number: number; hash?: Hex }; filter: LogFilter },
  onLarge: (blockNumber: number, logs: number) => void,
): Promise<Answer> {
  const id = block.hash ?? block.number
  const call = blockLogsCall(filter, id)
  try {
    return await ask(call, 'logs')
  } catch (error) {
    const failure = rpcFailureOf(error)
    if (failure !== 'too-large' && failure !== 'refused') throw error
    try {
      const answer = await ask(failure === 'too-large' ? call : receiptLogsCall(filter, id), 'large')
      if (answer.logs.length > 0) onLarge(block.number, answer.logs.length)
      return answer
    } catch (cause) {
      if (!mayFitSmaller(cause) && !(cause instanceof IncompleteAnswerError)) throw cause
      // The first error tells more: a node that does not know the block has no receipts of it either.
      const message = `the logs of block ${block.number} cannot be read: ${messageOf(error)}`
      throw new IncompleteAnswerError(message, { cause })
    }
  }
}
