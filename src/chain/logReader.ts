import type { Hex, RpcLog } from 'viem'
import { messageOf } from '../messages.ts'
import {
  blockLogsCall,
  type Call,
  headerCall,
  type LogFilter,
  rangeLogsCall,
  receiptLogsCall,
} from './calls.ts'
import { mayFitSmaller, rpcFailureOf } from './errors.ts'
import type { AnswerSize } from './member.ts'
import type { Pool } from './pool.ts'
import { type Header, IncompleteAnswerError, type Source } from './source.ts'

/** Logs, perhaps with the headers that the same node gave. */
type LogsAnswer = readonly [logs: RpcLog[], ...headers: (Header | null)[]]

/** Reads logs, as {@link Source} describes it. */
export function createLogReader(
  pool: Pool,
  filter: LogFilter,
  onLargeBlock: (blockNumber: number, logs: number) => void,
): Pick<Source, 'range' | 'logs' | 'allLogs'> {
  /**
   * Reads the logs of one block, however many: a block cannot be requested in parts. If the answer exceeds
   * the usual size, it is requested again with a larger limit. If the node refuses to return this many logs,
   * they are taken from the block's receipts, which providers do not limit. Both are reported as a large
   * block.
   * @param ask sends the call for the logs
   * @param block requested by its hash if it has one, else by its number
   * @throws IncompleteAnswerError that names the block if none of these ways returns its logs
   */
  async function readBlock<Answer extends LogsAnswer>(
    ask: (call: Call<RpcLog[]>, size: AnswerSize) => Promise<Answer>,
    block: { number: number; hash?: Hex },
    wanted: LogFilter,
  ): Promise<Answer> {
    const id = block.hash ?? block.number
    const call = blockLogsCall(wanted, id)
    try {
      return await ask(call, 'logs')
    } catch (error) {
      const failure = rpcFailureOf(error)
      if (failure !== 'too-large' && failure !== 'refused') throw error
      try {
        const answer = await ask(failure === 'too-large' ? call : receiptLogsCall(wanted, id), 'large')
        if (answer[0].length > 0) onLargeBlock(block.number, answer[0].length)
        return answer
      } catch (cause) {
        if (!mayFitSmaller(cause) && !(cause instanceof IncompleteAnswerError)) throw cause
        // After a refusal the first error tells more: a node that does not know the block has no receipts either.
        const reason = messageOf(failure === 'refused' ? error : cause)
        const message = `the logs of block ${block.number} cannot be read: ${reason}`
        throw new IncompleteAnswerError(message, { cause })
      }
    }
  }

  return {
    async range(from, to) {
      // The headers come first in the batch. If the node answers in order, it had the last block before it
      // read the logs.
      const askWithEnds = async (call: Call<RpcLog[]>, size: AnswerSize) => {
        const [first, last, logs] = await pool.ask([headerCall(from), headerCall(to), call], {
          size,
          accepts: ([first, last]) => first !== null && last !== null,
        })
        return [logs, first, last] as const
      }
      const [logs, first, last] =
        from === to
          ? await readBlock(askWithEnds, { number: from }, filter)
          : await askWithEnds(rangeLogsCall(filter, from, to), 'logs')
      return { first, last, logs }
    },
    async logs(block) {
      const [logs] = await readBlock((call, size) => pool.ask([call], { size }), block, filter)
      return logs
    },
    async allLogs(block, attempt) {
      const [logs] = await readBlock((call, size) => pool.askOne(attempt, [call], { size }), block, {})
      return logs
    },
  }
}
