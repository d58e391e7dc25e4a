import { type Hex, hexToBytes, keccak256, type RpcLog } from 'viem'

/**
 * Whether a block's bloom says that it may hold a log with all of these values (address, topics). "No" is
 * certain, "yes" is not (Yellow Paper, section 4.4.3: three bits of 2048 for each value).
 * @param logsBloom 256 bytes; anything else says "no", as chains without blooms send zeroes; all ones, which others send, says nothing either
 */
export function bloomMayHold(logsBloom: Hex, values: Hex[]): boolean {
  if (logsBloom.length !== 514 || /^0xf+$/.test(logsBloom)) return false
  return values.every((value) => bits(value).every((bit) => isSet(logsBloom, bit)))
}

/**
 * Whether these logs account for a bloom that "may hold" the values: every bit of theirs that is set is set by one of the logs. A
 * node that left out logs with these values leaves bits unaccounted for.
 */
export function accountsFor(logs: RpcLog[], values: Hex[]): boolean {
  const found = new Set(logs.flatMap((log) => [log.address, ...log.topics].flatMap(bitsOf)))
  return values.every((value) => bits(value).every((bit) => found.has(bit)))
}

const known = new Map<Hex, number[]>()

/** Remembered, for the few values that every header is asked about. */
function bits(value: Hex): number[] {
  let found = known.get(value)
  if (!found) {
    found = bitsOf(value)
    known.set(value, found)
  }
  return found
}

function bitsOf(value: Hex): number[] {
  const hash = hexToBytes(keccak256(hexToBytes(value)))
  return [0, 2, 4].map((i) => (((hash[i] as number) << 8) | (hash[i + 1] as number)) & 2047)
}

function isSet(logsBloom: Hex, bit: number): boolean {
  const digit = Number.parseInt(logsBloom.charAt(513 - (bit >> 2)), 16)
  return (digit & (1 << (bit & 3))) !== 0
}
