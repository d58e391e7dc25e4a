import type { RpcLog } from 'viem'
import { readBlockLogs } from './blockLogs.ts'
import { type Call, headerCall, type LogFilter, rangeLogsCall } from './calls.ts'
import type { AnswerSize } from './member.ts'
import type { Pool } from './pool.ts'
import type { Header, Source } from './source.ts'

/** Reads logs, as {@link Source} describes it. */
export function createLogReader(
  pool: Pool,
  filter: LogFilter,
  onLargeBlock: (blockNumber: number, logs: number) => void,
): Pick<Source, 'range' | 'logs' | 'allLogs'> {
  async function logsOf(
    wanted: { block: Header; filter: LogFilter },
    ask: (call: Call<RpcLog[]>, size: AnswerSize) => Promise<[RpcLog[]]>,
  ): Promise<RpcLog[]> {
    const askOnly = async (call: Call<RpcLog[]>, size: AnswerSize) => {
      const [logs] = await ask(call, size)
      return { logs }
    }
    return (await readBlockLogs(askOnly, wanted, onLargeBlock)).logs
  }

  /**
   * Reads the logs of a range with the headers of its first and last block. The headers come first in the
   * batch. If the node answers in order, it had the last block before it read the logs.
   */
  function logsWithEnds(from: number, to: number) {
    const askWithEnds = async (call: Call<RpcLog[]>, size: AnswerSize) => {
      const [first, last, logs] = await pool.ask([headerCall(from), headerCall(to), call], {
        size,
        accepts: ([first, last]) => first !== null && last !== null,
      })
      return { first, last, logs }
    }
    return from === to
      ? readBlockLogs(askWithEnds, { block: { number: from }, filter }, onLargeBlock)
      : askWithEnds(rangeLogsCall(filter, from, to), 'logs')
  }

  return {
    range: logsWithEnds,
    logs: (block) => logsOf({ block, filter }, (call, size) => pool.ask([call], { size })),
    allLogs: (block, attempt) =>
      logsOf({ block, filter: {} }, (call, size) => pool.askOne(attempt, [call], { size })),
  }
}
