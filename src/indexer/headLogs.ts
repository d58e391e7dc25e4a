import type { Hex, RpcLog } from 'viem'
import { accountsFor, bloomMayHold } from '../chain/bloom.ts'
import { matchesFilter } from '../chain/calls.ts'
import { mayFitSmaller } from '../chain/errors.ts'
import { mapBounded } from '../chain/mapBounded.ts'
import { type Header, IncompleteAnswerError } from '../chain/source.ts'
import type { IndexerContext } from './context.ts'
import type { HeaderChain } from './headerChain.ts'
import { checkLogs, type MinedLog } from './logs.ts'

/**
 * Attempts of one step to read all logs of a block, if its bloom announces logs that the answer lacks. The first
 * pause is short, because a lagging node has often caught up after 100 ms. Each further one is longer.
 */
const BLOOM_ATTEMPTS = 3
const BLOOM_PAUSE_MS = 100
/**
 * The step, counted from 1, that indexes a block although its logs do not account for its bloom. Each earlier step
 * fails; together they take some 15 s.
 */
const MAX_BLOOM_DOUBTS = 8
/**
 * After this time, a step leaves the next block whose bloom announces missing logs, and all blocks above it,
 * to the next step. So progress is visible, and a later failure does not undo what was read.
 */
const STEP_MS = 2_000

/** Blocks near the head, with all of the contract's logs in them. */
interface HeadBlocks {
  headers: HeaderChain
  logs: MinedLog[]
}

/**
 * Returns a function that reads the contract's logs of blocks near the head. A node that lags returns no logs for
 * a block that has some, so the logs are compared with the block's bloom. If a block lacks logs after 2 s have
 * passed, or after another block was accepted despite its bloom, only the blocks below it are returned.
 */
export function createHeadLogs(context: IndexerContext): (headers: HeaderChain) => Promise<HeadBlocks> {
  const { address } = context
  const { topics } = context.contract
  let doubt: { hash?: Hex; times: number } = { times: 0 }

  async function logsOf(headers: HeaderChain): Promise<HeadBlocks> {
    const [first] = headers
    const startedAt = context.now()
    const expected = { from: first.number, to: first.number + headers.length - 1, address, topics }
    const hashes = new Map(headers.map((header) => [header.number, header.hash]))
    const answer =
      headers.length === 1 ? await context.source.logs(first) : await readLogsOf(context, headers)
    const logs = checkLogs(answer, expected, hashes)
    // True once a block is accepted despite its bloom. The step then ends before the next block with missing
    // logs, because a failure there would discard this block too.
    let mustStop = false
    const found = new Set(logs.map((log) => `${log.blockHash} ${log.topics[0]}`))
    for (const [i, header] of headers.entries()) {
      const missing = topics.filter(
        (topic) => !found.has(`${header.hash} ${topic}`) && bloomMayHold(header.logsBloom, [address, topic]),
      )
      if (missing.length === 0) continue
      if (i > 0 && (mustStop || context.now() - startedAt > STEP_MS)) {
        const below = logs.filter(({ blockNumber }) => Number(blockNumber) < header.number)
        return { headers: [first, ...headers.slice(1, i)], logs: checkLogs(below, expected, hashes) }
      }
      const all = await askAgain(header, missing)
      if (all) logs.push(...checkLogs(all, expected, hashes))
      else mustStop = true
    }
    return { headers, logs: checkLogs(logs, expected, hashes) }
  }

  /**
   * Reads all logs of a block, from one endpoint after another, until they account for the topics that its
   * bloom announces. Logs of other contracts may set the same bits.
   * @returns the contract's logs; null once this has failed in {@link MAX_BLOOM_DOUBTS} steps
   */
  async function askAgain(header: Header, missing: Hex[]): Promise<RpcLog[] | null> {
    let failure: unknown = new IncompleteAnswerError(
      `the RPC lacks logs that the bloom of block ${header.number} announces`,
    )
    // From 1: attempt 0 would ask the endpoint that is asked first, whose answer lacked the logs.
    for (let attempt = 1; attempt <= BLOOM_ATTEMPTS; attempt++) {
      try {
        const all = await context.source.allLogs(header, attempt)
        if (await accountsFor(all, [address, ...missing], () => context.pause(0)))
          return all.filter((log) => matchesFilter(log, { address, topics }))
      } catch (error) {
        failure = error
      }
      await context.pause(BLOOM_PAUSE_MS * attempt)
    }
    doubt = { hash: header.hash, times: doubt.hash === header.hash ? doubt.times + 1 : 1 }
    if (doubt.times < MAX_BLOOM_DOUBTS) throw failure
    context.report.bloomMismatch(header)
    return null
  }

  return logsOf
}

/**
 * Reads the logs of several blocks in one request. After an error that a smaller request may avoid, it sends
 * one request for each block.
 */
async function readLogsOf({ source }: IndexerContext, headers: HeaderChain): Promise<RpcLog[]> {
  const [first] = headers
  const end = headers.at(-1) ?? first
  try {
    const { last, logs } = await source.range(first.number, end.number)
    if (last?.hash !== end.hash) throw new IncompleteAnswerError(`the node has no block ${end.number} yet`)
    return logs
  } catch (error) {
    if (!mayFitSmaller(error)) throw error
    return (await mapBounded(headers, (header) => source.logs(header))).flat()
  }
}
