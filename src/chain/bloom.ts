import type { Hex, RpcLog } from 'viem'
import { hexToBytes, keccak256 } from 'viem/utils'

/** Bytes of a block's bloom: 2,048 bits. */
const BLOOM_BYTES = 256
/**
 * A bloom with more than nine tenths of its bits set is ignored, because it proves little: in more than half of
 * the cases (0.9⁶ = 0.53), the six bits of an omitted log are set by other logs too. Some 1,600 distinct
 * addresses and topics set this many bits.
 */
const MAX_BITS = 0.9 * 8 * BLOOM_BYTES
/** Number of values that are hashed without a pause. They take 3 ms. */
const HASHES_AT_ONCE = 200

/**
 * Returns whether a block's bloom announces a log with all of these values (address, topics). The announcement
 * may be wrong, because other logs may have set the same bits (Yellow Paper, section 4.4.3: three bits of 2048
 * for each value).
 * @returns false too if the bloom proves nothing: it is not 256 bytes long, or is nearly full, as on chains
 * that send all ones
 */
export function bloomMayHold(logsBloom: Hex, values: Hex[]): boolean {
  const bloom = Buffer.from(logsBloom.slice(2), 'hex')
  if (bloom.length !== BLOOM_BYTES) return false
  return values.every((value) => memoizedBitsOf(value).every((bit) => isSet(bloom, bit))) && !isFull(bloom)
}

/**
 * Returns whether the addresses and topics of these logs set every bloom bit of the values. If not, and the
 * block's bloom has these bits, the node has omitted logs. Each distinct address and topic is hashed once,
 * until every bit is found.
 * @param pause called after every 200 hashes, so that the event loop is not held up
 */
export async function accountsFor(
  logs: RpcLog[],
  values: Hex[],
  pause: () => Promise<void>,
): Promise<boolean> {
  const wanted = new Set(values.flatMap(memoizedBitsOf))
  const hashed = new Set<Hex>()
  for (const { address, topics } of logs) {
    for (const value of [address, ...topics]) {
      if (hashed.has(value)) continue
      for (const bit of bitsOf(value)) wanted.delete(bit)
      if (wanted.size === 0) return true
      if (hashed.add(value).size % HASHES_AT_ONCE === 0) await pause()
    }
  }
  return false
}

const memo = new Map<Hex, number[]>()

/**
 * Memoizes bitsOf(). Only for the contract's address and topics: they are few, and every header is tested for
 * them.
 */
function memoizedBitsOf(value: Hex): number[] {
  const bits = memo.get(value) ?? bitsOf(value)
  memo.set(value, bits)
  return bits
}

/** Returns the three bits of a value: the low 11 bits of each of the first three pairs of bytes of its hash. */
function bitsOf(value: Hex): number[] {
  const { buffer, byteOffset } = keccak256(hexToBytes(value), 'bytes')
  const hash = new DataView(buffer, byteOffset)
  return [0, 2, 4].map((offset) => hash.getUint16(offset) & 2047)
}

function isSet(bloom: Buffer, bit: number): boolean {
  return (bloom.readUInt8(BLOOM_BYTES - 1 - (bit >> 3)) & (1 << (bit & 7))) !== 0
}

function isFull(bloom: Buffer): boolean {
  let bits = 0
  for (const byte of bloom) for (let rest = byte; rest > 0; rest &= rest - 1) bits++
  return bits > MAX_BITS
}
