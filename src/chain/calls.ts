import type { Hex, RpcBlock, RpcLog, RpcTransactionReceipt } from 'viem'
import { hexToNumber, isHex, numberToHex } from 'viem/utils'
import { type Header, IncompleteAnswerError } from './source.ts'
import type { RpcCall } from './transport.ts'

/** A JSON-RPC call, and how its result is read. */
export interface Call<Result = unknown> extends RpcCall {
  /**
   * @throws IncompleteAnswerError if the head is missing, if logs or receipts are not a list, or if code is not
   * a string; another Error if the result has any other form that cannot be read
   */
  read(result: unknown): Result
}

/** The results of calls, in their order. */
export type Results<Calls extends readonly Call[]> = {
  -readonly [Index in keyof Calls]: Calls[Index] extends Call<infer Result> ? Result : never
}

/** The logs that are wanted; without fields, all of them. */
export interface LogFilter {
  /** lower-case hex */
  address?: Hex
  /** first topics (topic 0) of the wanted events */
  topics?: readonly Hex[]
}

/** Returns whether a filter selects a log. */
export function matchesFilter(log: RpcLog, { address, topics }: LogFilter): boolean {
  const isOfAddress = address === undefined || log.address.toLowerCase() === address
  return isOfAddress && (topics === undefined || topics.some((topic) => topic === log.topics[0]))
}

export const chainIdCall: Call<number> = { method: 'eth_chainId', params: [], read: toNumber }

export const blockNumberCall: Call<number> = { method: 'eth_blockNumber', params: [], read: toNumber }

/** Reads the chain's head. `read` throws IncompleteAnswerError if the node has none, as while it starts. */
export const latestCall: Call<Header> = {
  method: 'eth_getBlockByNumber',
  params: ['latest', false],
  read(result) {
    const header = toHeader(result)
    if (!header) throw new IncompleteAnswerError('the RPC has no latest block')
    return header
  },
}

/** Reads a block's header; null if the node does not have the block. */
export function headerCall(block: number | 'finalized'): Call<Header | null> {
  return { method: 'eth_getBlockByNumber', params: [tagOf(block), false], read: toHeader }
}

/** Reads whether a contract has code at a block. */
export function hasCodeCall(address: Hex, block: number | 'latest'): Call<boolean> {
  return {
    method: 'eth_getCode',
    params: [address, tagOf(block)],
    read(code) {
      if (typeof code !== 'string')
        throw new IncompleteAnswerError('the answer to eth_getCode is not a string')
      return code.length > 2
    },
  }
}

/** Reads the logs of a range of blocks, unchecked. */
export function rangeLogsCall(filter: LogFilter, from: number, to: number): Call<RpcLog[]> {
  return logsCall(filter, { fromBlock: tagOf(from), toBlock: tagOf(to) })
}

/** Reads the logs of one block, unchecked. */
export function blockLogsCall(filter: LogFilter, block: number | Hex): Call<RpcLog[]> {
  return typeof block === 'number'
    ? rangeLogsCall(filter, block, block)
    : logsCall(filter, { blockHash: block })
}

function logsCall({ address, topics }: LogFilter, blocks: object): Call<RpcLog[]> {
  return {
    method: 'eth_getLogs',
    // JSON has no undefined: a filter without an address or topics is sent without them.
    params: [{ address, topics: topics && [topics], ...blocks }],
    read(logs) {
      if (!Array.isArray(logs)) throw new IncompleteAnswerError('the answer to eth_getLogs is not a list')
      return logs
    },
  }
}

/** Reads the logs of one block, unchecked, from its receipts. */
export function receiptLogsCall(filter: LogFilter, block: number | Hex): Call<RpcLog[]> {
  return {
    method: 'eth_getBlockReceipts',
    params: [typeof block === 'number' ? tagOf(block) : block],
    read(receipts) {
      if (!Array.isArray(receipts)) throw new IncompleteAnswerError(`no receipts of block ${block}`)
      return receipts.flatMap(({ logs }: RpcTransactionReceipt): RpcLog[] =>
        logs.filter((log) => matchesFilter(log, filter)),
      )
    },
  }
}

function tagOf(block: number | 'latest' | 'finalized'): string {
  return typeof block === 'number' ? numberToHex(block) : block
}

/**
 * Reads a quantity: hex with 0x, as the JSON-RPC specification of Ethereum says.
 * @throws Error for anything else, and from 2^53 on
 */
function toNumber(quantity: unknown): number {
  if (!isHex(quantity)) throw new Error(`${JSON.stringify(quantity)} is not a number in hex`)
  return hexToNumber(quantity)
}

/** Reads a block as a node gives or announces it. @returns null if there is no block, or if it is pending */
export function toHeader(result: unknown): Header | null {
  const block = result as RpcBlock | null
  if (!block?.hash || block.number === null) return null
  return {
    number: toNumber(block.number),
    hash: block.hash,
    parentHash: block.parentHash,
    timestamp: BigInt(block.timestamp).toString(),
    logsBloom: block.logsBloom ?? '0x',
  }
}
