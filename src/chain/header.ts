import type { Hex, RpcBlock } from 'viem'
import type { Header } from './source.ts'
import type { Call } from './transport.ts'

export function headerCall(block: Hex | 'latest' | 'finalized'): Call {
  return { method: 'eth_getBlockByNumber', params: [block, false] }
}

/** A result of {@link headerCall}, or an announced block. */
export function toHeader(result: unknown): Header | null {
  const block = result as RpcBlock | null
  if (!block?.hash || block.number === null) return null
  return {
    number: Number(block.number),
    hash: block.hash,
    parentHash: block.parentHash,
    timestamp: BigInt(block.timestamp).toString(),
    logsBloom: block.logsBloom ?? '0x',
  }
}

export function hex(number: number): Hex {
  return `0x${number.toString(16)}`
}
