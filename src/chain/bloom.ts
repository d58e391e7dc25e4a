import { type Hex, hexToBytes, keccak256, type RpcLog } from 'viem'

/**
 * Whether a block's bloom says that the block may hold a log with all of these values (address, topics). "No" is certain,
 * "yes" is not (Yellow Paper, section 4.4.3: three bits of 2048 for each value).
 * @param logsBloom 256 bytes. False for anything else, and for all ones, which some chains send for every block.
 */
export function bloomMayHold(logsBloom: Hex, values: Hex[]): boolean {
  if (logsBloom.length !== 514 || /^0xf+$/.test(logsBloom)) return false
  return values.every((value) => memoizedBitsOf(value).every((bit) => isSet(logsBloom, bit)))
}

/**
 * Whether these logs account for a bloom that may hold the values: each bit of the values is set by one of the logs. A node that
 * left out logs with these values leaves bits unaccounted for.
 */
export function accountsFor(logs: RpcLog[], values: Hex[]): boolean {
  const found = new Set(logs.flatMap((log) => [log.address, ...log.topics].flatMap(bitsOf)))
  return values.every((value) => memoizedBitsOf(value).every((bit) => found.has(bit)))
}

const memo = new Map<Hex, number[]>()

/** For the contract's address and topics only, which every header is tested for. */
function memoizedBitsOf(value: Hex): number[] {
  const bits = memo.get(value) ?? bitsOf(value)
  memo.set(value, bits)
  return bits
}

/** The three bits of a value: the low 11 bits of each of the first three pairs of bytes of its hash. */
function bitsOf(value: Hex): number[] {
  const { buffer, byteOffset } = keccak256(hexToBytes(value), 'bytes')
  const hash = new DataView(buffer, byteOffset)
  return [0, 2, 4].map((offset) => hash.getUint16(offset) & 2047)
}

function isSet(logsBloom: Hex, bit: number): boolean {
  const digit = Number.parseInt(logsBloom.charAt(513 - (bit >> 2)), 16)
  return (digit & (1 << (bit & 3))) !== 0
}
