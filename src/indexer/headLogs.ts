import type { Hex, RpcLog } from 'viem'
import { accountsFor, bloomMayHold } from '../chain/bloom.ts'
import { type Header, IncompleteAnswerError, RangeRefusedError } from '../chain/source.ts'
import type { Indexing } from './indexing.ts'
import { checkLogs } from './logs.ts'

/** Endpoints asked in one step for logs that a block's bloom announces. */
const BLOOM_ATTEMPTS = 3
/** Failed steps, some 20 s, after which a block is indexed although its logs do not account for its bloom. */
const BLOOM_DOUBTS = 8

/**
 * Returns a function that reads the contract's logs of consecutive blocks near the head, given their headers. A node that lags
 * answers no logs for a block that has some, so the logs are compared with the block's bloom.
 */
export function createHeadLogs(ix: Indexing): (headers: Header[]) => Promise<RpcLog[]> {
  const topics = new Set(ix.contract.topics)
  let doubt: { hash?: Hex; times: number } = { times: 0 }

  async function logsOf(headers: Header[]): Promise<RpcLog[]> {
    const [first, last] = [headers[0] as Header, headers.at(-1) as Header]
    const range = { from: first.number, to: last.number, address: ix.address, topics }
    const hashes = new Map(headers.map((header) => [header.number, header.hash]))
    const answer = headers.length === 1 ? await ix.source.logs(first.hash) : await rangeOf(ix, headers)
    const logs = checkLogs(answer, range, hashes)
    const found = new Set(logs.map((log) => `${log.blockHash} ${log.topics[0]}`))
    for (const header of headers) {
      const missing = ix.contract.topics.filter(
        (topic) =>
          !found.has(`${header.hash} ${topic}`) && bloomMayHold(header.logsBloom, [ix.address, topic]),
      )
      if (missing.length > 0) logs.push(...checkLogs(await askAgain(header, missing), range, hashes))
    }
    return checkLogs(logs, range, hashes)
  }

  /**
   * Reads all logs of a block, from one endpoint after another, until they account for the topics that its bloom announces: by
   * logs of ours, or by other contracts' logs that set the same bits.
   */
  async function askAgain(header: Header, missing: Hex[]): Promise<RpcLog[]> {
    let failure: unknown = new IncompleteAnswerError(
      `the RPC has not all logs that the bloom of block ${header.number} announces`,
    )
    for (let attempt = 1; attempt <= BLOOM_ATTEMPTS; attempt++) {
      try {
        const all = await ix.source.allLogs(header.hash, attempt)
        const ours = all.filter(isOurs)
        const explained = (topic: Hex) =>
          ours.some((log) => log.topics[0] === topic) || accountsFor(all, [ix.address, topic])
        if (missing.every(explained)) return ours
      } catch (error) {
        failure = error
      }
      await ix.pause(100 * attempt)
    }
    doubt = { hash: header.hash, times: doubt.hash === header.hash ? doubt.times + 1 : 1 }
    if (doubt.times < BLOOM_DOUBTS) throw failure
    ix.report.bloomMismatch(header)
    return []
  }

  function isOurs(log: RpcLog): boolean {
    return log.address.toLowerCase() === ix.address && topics.has(log.topics[0] as Hex)
  }

  return logsOf
}

/** The logs of several blocks in one request, or one request a block if the endpoint refuses. */
async function rangeOf({ source }: Indexing, headers: Header[]): Promise<RpcLog[]> {
  const [first, end] = [headers[0] as Header, headers.at(-1) as Header]
  try {
    const { last, logs } = await source.range(first.number, end.number)
    if (last?.hash !== end.hash) throw new IncompleteAnswerError(`the node has no block ${end.number} yet`)
    return logs
  } catch (error) {
    if (!(error instanceof RangeRefusedError)) throw error
    return (await Promise.all(headers.map((header) => source.logs(header.hash)))).flat()
  }
}

/**
 * Reads the headers of blocks.
 * @throws IncompleteAnswerError if the node lacks one
 */
export async function readHeaders(
  { source }: Indexing,
  from: number,
  to: number,
  head: Header,
): Promise<Header[]> {
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i)
  return Promise.all(
    numbers.map(async (number) => {
      const header = number === head.number ? head : await source.header(number)
      if (header?.number !== number) throw new IncompleteAnswerError(`the node has no block ${number} yet`)
      return header
    }),
  )
}
